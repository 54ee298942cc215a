"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { API, phone, rejection, waitFor, pause, withEndedSession } = harness;
const bench = harness.bench(test);

test("ready({ sessionKey: true }) logs in again only if WeChat's session_key has expired", async () => {
  const alice = phone(bench);
  await alice.client.ready({ sessionKey: true });
  assert.equal(alice.count("login"), 1);

  alice.fake.isKeyExpired = true;
  await Promise.all([alice.client.ready({ sessionKey: true }), alice.client.ready({ sessionKey: true }), alice.me()]);
  assert.equal(alice.count("login"), 2);
  const openSessions = () => bench.server.act("open_sessions", { openid: alice.openid });
  // The session before was ended.
  await waitFor(async () => (await openSessions()) === 1);

  const encrypted = await bench.server.wechat("open-data", { openid: alice.openid, data: { steps: 8000 } });
  const { data } = await alice.client.request({ url: `${API}open-data/`, method: "POST", data: encrypted });
  assert.equal(data.data.steps, 8000);
});

test("an expired session_key leads to a login also while a token is renewed", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  const { checkSession } = alice.wx;
  let answer;
  alice.wx.checkSession = (options) => (answer = () => checkSession(options));
  const ready = alice.client.ready({ sessionKey: true });
  await waitFor(() => answer);

  skew = 290 * 1000;
  bench.wire.fault("token/refresh/", { delay: 200 });
  const call = alice.me();
  await waitFor(() => bench.wire.count("POST", "token/refresh/"));
  answer();
  await Promise.all([ready, call]);

  assert.equal(alice.count("login"), 2);
  assert.equal(bench.wire.count("POST", "login/"), 2);
});

test("a login during the key check sends a new key, so that no second login follows", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  let answer;
  alice.wx.checkSession = ({ fail }) => (answer = () => fail({ errMsg: "checkSession:fail session time out" }));
  const ready = alice.client.ready({ sessionKey: true });
  await waitFor(() => answer);

  await bench.server.act("end_sessions", { openid: alice.openid });
  await alice.me();
  answer();
  await ready;

  assert.equal(alice.count("login"), 2);
});

test("a code that did not reach the server leaves the key stale, even if WeChat says that it is valid", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  bench.wire.fault("login/", { reset: true });
  await rejection(alice.client.ready({ sessionKey: true }));
  // WeChat means the key of the latest code, which the server never got.
  assert.equal(alice.fake.isKeyExpired, false);

  await alice.client.ready({ sessionKey: true });

  assert.equal(alice.count("login"), 3);
  assert.equal(bench.wire.calls.filter(({ path, status }) => path.endsWith("login/") && status === 200).length, 2);
});

test("a code that was lost during a renewal also leaves the key stale", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  // The renewal is due, but the token is still valid.
  skew = 250 * 1000;
  bench.wire.fault("token/refresh/", { status: 404, body: "<html>deploying</html>", type: "text/html" });
  bench.wire.fault("login/", { reset: true });
  await alice.me();
  await waitFor(() => bench.wire.count("POST", "login/") === 2);
  await pause(50);

  await alice.client.ready({ sessionKey: true });

  assert.equal(bench.wire.calls.filter(({ path, status }) => path.endsWith("login/") && status === 200).length, 2);
});

test("the key check waits for a running renewal, because it can end in a login", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  await bench.server.act("end_sessions", { openid: alice.openid });
  skew = 250 * 1000;
  bench.wire.fault("token/refresh/", { delay: 100 });

  await alice.client.ready({ sessionKey: true });

  // No further login follows.
  assert.equal(alice.count("login"), 2);
  assert.equal(alice.count("checkSession"), 1);
});

test("a refused login after a key check does not end a good session", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  bench.wire.fault("login/", { status: 401, body: { code: "code_invalid", detail: "…" } }, 2);

  const error = await rejection(alice.client.ready({ sessionKey: true }));

  assert.equal(error.code, "code_invalid");
  assert.equal(alice.client.signedIn, true);
  assert.deepEqual(alice.events, ["signed-in"]);
  assert.equal((await alice.me()).statusCode, 200);
});

test("an ended session and an expired key at the same time lead to one login", async () => {
  const alice = await withEndedSession(bench);
  alice.fake.isKeyExpired = true;

  await Promise.all([alice.me(), alice.client.ready({ sessionKey: true })]);

  assert.equal(bench.wire.count("POST", "login/"), 1);
  assert.equal((await alice.me()).statusCode, 200);
});
