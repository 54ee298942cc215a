"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { createClient } = require("../miniprogram_dist/wxlogin");
const { createFakeWx } = require("../testing");
const harness = require("./harness");

const { TIMEOUT, phone, rejection } = harness;
const bench = harness.bench(test);

test("C8 wrong arguments of a page lead to a rejection", async () => {
  const { client } = phone(bench);

  for (const args of [[], [{}], [{ url: null }], [{ url: 5 }], [null]]) {
    assert.equal((await rejection(client.request(...args))).status, 404, JSON.stringify(args));
    assert.equal((await rejection(client.upload(...args))).name, "WxLoginError", JSON.stringify(args));
  }
  assert.deepEqual(await client.updateProfile(), client.user);
  assert.deepEqual(await client.updateProfile({ nickname: null }), client.user);
  assert.deepEqual(await client.ready(null), client.user);
  assert.equal((await client.request({ url: "/api/wechat/me/", timeout: null })).statusCode, 200);
  await client.logout(null);
  assert.throws(() => client.on("constructor", () => {}), /no event is named/);
});

test("C17 requiring the file needs no wx, and createClient throws without one", () => {
  assert.equal(typeof wx, "undefined");
  assert.throws(() => createClient({ baseUrl: "https://example.com/api/wechat/" }), /no wx here/);
  assert.throws(() => createClient({ baseUrl: "/api/wechat/", wx: createFakeWx() }), /baseUrl must look like/);
});

test("C17 a wx that also returns promises, like Taro's, works", async () => {
  const alice = phone(bench);
  const taro = Object.assign(Object.create(alice.wx), {
    request(options) {
      const promise = new Promise((resolve, reject) => {
        const task = alice.wx.request({
          ...options,
          success: (answer) => (options.success(answer), resolve(answer)),
          fail: (error) => (options.fail(error), reject(error)),
        });
        setImmediate(() => (promise.abort = task.abort));
      });
      return promise;
    },
  });
  alice.fake.isOffline = false;
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx: taro, timeout: TIMEOUT });
  await client.ready();
  alice.fake.isOffline = true;

  const error = await rejection(client.request({ url: "/api/wechat/me/" }));

  // An unhandled rejection would fail this file.
  assert.equal(error.kind, "network");
});

test("a wx with only the required methods works", async () => {
  const { request, uploadFile, login, getStorageSync, setStorageSync, removeStorageSync } = phone(bench).wx;
  const wx = { request, uploadFile, login, getStorageSync, setStorageSync, removeStorageSync };
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx, timeout: TIMEOUT });

  await client.ready();

  const error = await rejection(client.bindPhone({ detail: { errMsg: "getPhoneNumber:ok" } }));
  assert.equal(error.code, "base_library_too_old");
});
