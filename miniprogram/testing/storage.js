// The storage of a mini-program, with its quirks.
"use strict";

const LARGEST = 1024 * 1024; // bytes of one value
const ALL = 10 * 1024 * 1024; // bytes of everything

/** `items` is what is held, as text; `api` the methods of `wx`. A value is copied, "" stands for a missing one. */
function fakeStorage() {
  const items = new Map();
  const size = () => Array.from(items).reduce((sum, [key, text]) => sum + key.length + text.length, 0);

  const api = {
    getStorageSync(key) {
      return items.has(key) ? JSON.parse(items.get(key)) : "";
    },
    setStorageSync(key, value) {
      const text = JSON.stringify(value === undefined ? "" : value);
      if (text.length > LARGEST) throw new Error("setStorageSync:fail entry size limit reached");
      if (size() + text.length > ALL) throw new Error("setStorageSync:fail exceed storage max size 10MB");
      items.set(key, text);
    },
    removeStorageSync(key) {
      items.delete(key);
    },
    clearStorageSync() {
      items.clear();
    },
    getStorageInfoSync() {
      return { keys: Array.from(items.keys()), currentSize: Math.ceil(size() / 1024), limitSize: ALL / 1024 };
    },
    getStorage: later("getStorage", ({ key }) => {
      if (!items.has(key)) throw new Error("data not found");
      return { data: JSON.parse(items.get(key)) };
    }),
    setStorage: later("setStorage", ({ key, data }) => api.setStorageSync(key, data)),
    removeStorage: later("removeStorage", ({ key }) => api.removeStorageSync(key)),
  };
  return { items, api };
}

/** The asynchronous form of `run`: to callbacks if there are any, else as a promise, as the platform does it. */
function later(name, run) {
  return (options) => {
    const outcome = new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve({ ...run(options), errMsg: `${name}:ok` });
        } catch (error) {
          reject({ errMsg: `${name}:fail ${error.message.replace(/^\w+:fail /, "")}` });
        }
      });
    });
    const { success, fail, complete } = options;
    if (!success && !fail && !complete) return outcome;
    const call = (callback) => (result) => [callback, complete].forEach((each) => each && each(result));
    outcome.then(call(success), call(fail));
    return undefined;
  };
}

module.exports = { fakeStorage };
