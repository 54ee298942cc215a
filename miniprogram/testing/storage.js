// The storage of a mini-program, with its quirks.
"use strict";

const { Buffer } = require("buffer");
const { createMethod } = require("./callbacks");

const MIB = 1024 * 1024;
// The limits, in bytes: one value, one encrypted value, the whole storage.
const MAX_VALUE = MIB;
const MAX_ENCRYPTED_VALUE = 0.7 * MIB;
const MAX_TOTAL = 10 * MIB;

/**
 * Return `items`, the stored values as JSON text by key, and `api`, the methods of `wx`. A value is copied, and a
 * missing value reads as "".
 */
function fakeStorage() {
  const items = new Map();
  const sizeOf = (key, text) => Buffer.byteLength(key) + Buffer.byteLength(text);
  const totalSize = () => Array.from(items).reduce((sum, [key, text]) => sum + sizeOf(key, text), 0);

  function put(key, value, limit = MAX_VALUE) {
    const text = JSON.stringify(value === undefined ? "" : value);
    const oldSize = items.has(key) ? sizeOf(key, items.get(key)) : 0;
    if (Buffer.byteLength(text) > limit) throw new Error("entry size limit reached");
    if (totalSize() - oldSize + sizeOf(key, text) > MAX_TOTAL) throw new Error("exceed storage max size 10MB");
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
      currentSize: Math.ceil(totalSize() / 1024),
      limitSize: MAX_TOTAL / 1024,
    }),
    getStorage: createMethod("getStorage", ({ key }) => {
      if (!items.has(key)) throw new Error("data not found");
      return { data: JSON.parse(items.get(key)) };
    }),
    setStorage: createMethod("setStorage", ({ key, data, encrypt }) =>
      put(key, data, encrypt ? MAX_ENCRYPTED_VALUE : MAX_VALUE),
    ),
    removeStorage: createMethod("removeStorage", ({ key }) => void items.delete(key)),
  };
  return { items, api };
}

module.exports = { fakeStorage };
