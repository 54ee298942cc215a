"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { createClient } = require("../miniprogram_dist/wxlogin");
const harness = require("./harness");

const { TIMEOUT, phone, rejection, withEndedSession } = harness;
const bench = harness.bench(test);

test("C1 after a cold start, five calls at once use one code and one login, and all are answered", async () => {
  const alice = phone(bench);

  const answers = await Promise.all(Array.from({ length: 5 }, alice.me));

  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [200, 200, 200, 200, 200],
  );
  assert.equal(alice.count("login"), 1);
  assert.equal(bench.wire.count("POST", "login/"), 1);
  assert.equal(alice.client.user.id, answers[0].data.id);
  assert.deepEqual(alice.events, ["signed-in"]);
});

test("C1 three ready() calls share one login and resolve with the user", async () => {
  const alice = phone(bench);
  assert.equal(alice.client.signedIn, false);
  assert.equal(alice.client.user, null);

  const users = await Promise.all([alice.client.ready(), alice.client.ready(), alice.client.ready()]);

  assert.equal(bench.wire.count("POST", "login/"), 1);
  assert.deepEqual(users[0], alice.client.user);
  assert.deepEqual(Object.keys(users[0]).sort(), ["avatar", "created_at", "id", "nickname", "phone_bound"]);
  assert.equal(alice.client.signedIn, true);
});

test("C2 after a warm start, the user is known at once and only the page's own call is sent", async () => {
  const before = phone(bench);
  await before.client.ready();
  before.fake.calls.length = 0;
  bench.wire.clear();

  const alice = before.reopen();
  assert.equal(alice.client.signedIn, true);
  assert.equal(alice.client.user.id, before.client.user.id);
  await alice.client.ready();
  await alice.me();

  assert.deepEqual(
    bench.wire.calls.map(({ method, path }) => `${method} ${path}`),
    ["GET /api/wechat/me/"],
  );
  assert.equal(alice.count("login"), 0);
  assert.equal(alice.count("checkSession"), 0);
  assert.deepEqual(alice.events, []);
});

test("C4 a refused refresh leads to one silent login, and the calls are answered", async () => {
  const alice = await withEndedSession(bench);

  const answers = await Promise.all(Array.from({ length: 5 }, alice.me));

  assert.ok(answers.every(({ statusCode }) => statusCode === 200));
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
  assert.equal(bench.wire.count("POST", "login/"), 1);
  assert.equal(alice.count("login"), 1);
  assert.deepEqual(alice.events, ["signed-in"]);
});

test("after a refused code, the login is tried once more with a new code", async () => {
  const alice = phone(bench);
  await bench.server.wechat("faults", { path: "/sns/jscode2session", errcode: 40029, times: 1 });

  await alice.client.ready();

  assert.equal(alice.count("login"), 2);
  assert.equal(bench.wire.count("POST", "login/"), 2);
});

test("after two refused codes the login fails, and the message names the AppID", async () => {
  const alice = phone(bench, { code: () => "made-up" });

  const error = await rejection(alice.client.ready());

  assert.equal(error.kind, "auth");
  assert.equal(error.code, "code_invalid");
  assert.match(error.message, /AppID/);
  assert.equal(bench.wire.count("POST", "login/"), 2);
  assert.equal(alice.client.signedIn, false);
});

test("a wx.login without a code signs nobody out", async () => {
  const alice = phone(bench, { code: () => "" });

  const error = await rejection(alice.client.ready());

  assert.deepEqual([error.kind, error.retryable], ["wechat", true]);
  assert.equal(bench.wire.calls.length, 0);
  assert.deepEqual(alice.events, []);
});

test("the server's messages are in the language of the phone", async () => {
  const alice = phone(bench);
  await bench.server.wechat("faults", { path: "/sns/jscode2session", errcode: 40226, times: 1 });

  const error = await rejection(alice.client.ready());

  assert.equal(error.detail, "微信不允许该账号登录。");
});

test("with several apps on the server, the appid is sent with the code", async () => {
  const { wx } = phone(bench);
  const unknown = createClient({
    baseUrl: bench.wire.baseUrl,
    wx,
    appid: "wx00000000000000ff",
    timeout: TIMEOUT,
  });

  const error = await rejection(unknown.ready());

  assert.equal(error.code, "unknown_app");
  assert.equal(error.status, 400);
  const known = createClient({
    baseUrl: bench.wire.baseUrl,
    wx,
    appid: "wx0123456789abcdef",
    timeout: TIMEOUT,
  });
  await known.ready();
});
