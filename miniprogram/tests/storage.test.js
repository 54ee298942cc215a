"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { createClient } = require("../miniprogram_dist/wxlogin");
const harness = require("./harness");

const { TIMEOUT, phone, pause } = harness;
const bench = harness.bench(test);

test("the client waits for an asynchronous storage", async () => {
  const kept = new Map();
  const later =
    (run) =>
    (...args) =>
      new Promise((resolve) => setTimeout(() => resolve(run(...args)), 10));
  const storage = {
    get: later((key) => kept.get(key)),
    set: later((key, value) => kept.set(key, value)),
    remove: later((key) => kept.delete(key)),
  };
  const alice = phone(bench);
  const open = () => createClient({ baseUrl: bench.wire.baseUrl, wx: alice.wx, storage, timeout: TIMEOUT });
  await open().ready();
  await pause(50);
  assert.equal(kept.size, 1);
  assert.equal(alice.fake.storage.size, 0);
  bench.wire.clear();

  const reopened = open();
  await reopened.ready();
  assert.equal(bench.wire.calls.length, 0);
  await reopened.logout();

  assert.equal(kept.size, 0);
});

test("a logout while the storage is read takes effect, and a later ready() signs in again", async () => {
  const before = phone(bench);
  await before.client.ready();
  const [[, text]] = before.fake.storage;
  const kept = new Map([["any", JSON.parse(text)]]);
  const later = (run) => new Promise((resolve) => setTimeout(() => resolve(run()), 50));
  const storage = {
    get: () => later(() => kept.get("any")),
    set: (_, value) => later(() => kept.set("any", value)),
    remove: () => later(() => kept.delete("any")),
  };
  const options = { baseUrl: bench.wire.baseUrl, wx: before.wx, storage, timeout: TIMEOUT };

  const client = createClient(options);
  await client.logout();
  assert.equal(client.signedIn, false);
  assert.equal(kept.size, 0);
  assert.equal(await bench.server.act("open_sessions", { openid: before.openid }), 0);

  const another = createClient(options);
  const out = another.logout();
  await another.ready();
  await out;
  assert.equal(another.signedIn, true);
});

test("a storage that is full, broken, stuck or has invalid content counts as empty", async () => {
  const fails = () => {
    throw new Error("setStorageSync:fail entry size limit reached");
  };
  const stuck = () => new Promise(() => {});
  const storages = [
    { get: fails, set: fails, remove: fails },
    { get: () => Promise.reject(new Error("no")), set: () => Promise.reject(new Error("no")), remove: fails },
    { get: stuck, set: stuck, remove: stuck },
    ...["{", "null", "[]", '{"access": 1, "refresh": null}', "\u0000"].map((text) => ({
      get: () => text,
      set() {},
      remove() {},
    })),
  ];
  for (const storage of storages) {
    const { wx } = phone(bench);
    const client = createClient({ baseUrl: bench.wire.baseUrl, wx, storage, timeout: TIMEOUT });
    await client.ready();
    await client.logout();
  }
});
