// The storage of a mini-program, with its quirks.
"use strict";

const { Buffer } = require("buffer");
const { answering } = require("./callbacks");

const MIB = 1024 * 1024;
const LARGEST = MIB; // bytes of one value
const LARGEST_ENCRYPTED = 0.7 * MIB;
const ALL = 10 * MIB;

/** `items` is what is held, as text by key; `api` the methods of `wx`. A value is copied, "" stands for a missing one. */
function fakeStorage() {
  const items = new Map();
  const sizeOf = (key, text) => Buffer.byteLength(key) + Buffer.byteLength(text);
  const size = () => Array.from(items).reduce((sum, [key, text]) => sum + sizeOf(key, text), 0);

  function put(key, value, largest = LARGEST) {
    const text = JSON.stringify(value === undefined ? "" : value);
    const before = items.has(key) ? sizeOf(key, items.get(key)) : 0;
    if (Buffer.byteLength(text) > largest) throw new Error("entry size limit reached");
    if (size() - before + sizeOf(key, text) > ALL) throw new Error("exceed storage max size 10MB");
    items.set(key, text);
  }

  const api = {
    getStorageSync: (key) => (items.has(key) ? JSON.parse(items.get(key)) : ""),
    setStorageSync(key, value) {
      try {
        put(key, value);
      } catch (error) {
        throw new Error(`setStorageSync:fail ${error.message}`);
      }
    },
    removeStorageSync: (key) => void items.delete(key),
    clearStorageSync: () => items.clear(),
    getStorageInfoSync: () => ({
      keys: Array.from(items.keys()),
      currentSize: Math.ceil(size() / 1024),
      limitSize: ALL / 1024,
    }),
    getStorage: answering("getStorage", ({ key }) => {
      if (!items.has(key)) throw new Error("data not found");
      return { data: JSON.parse(items.get(key)) };
    }),
    setStorage: answering("setStorage", ({ key, data, encrypt }) =>
      put(key, data, encrypt ? LARGEST_ENCRYPTED : LARGEST),
    ),
    removeStorage: answering("removeStorage", ({ key }) => void items.delete(key)),
  };
  return { items, api };
}

module.exports = { fakeStorage };
