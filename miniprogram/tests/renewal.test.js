"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { API, phone, rejection, until, pause, withRefusedAccess, withEndedSession } = harness;
const bench = harness.bench(test);

const paths = () => bench.wire.calls.map(({ path, status }) => `${path.replace(API, "")} ${status}`);

test("C3 twenty-five calls that are refused at the same time are one refresh and twenty-five answers", async () => {
  const alice = await withRefusedAccess(bench);

  const answers = await Promise.all(Array.from({ length: 25 }, alice.me));

  assert.ok(answers.every(({ statusCode }) => statusCode === 200));
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
  assert.equal(bench.wire.count("POST", "login/"), 0);
  assert.ok(bench.wire.count("GET", "me/") <= 50);
  assert.ok(alice.fake.mostAtOnce <= 10);
  assert.deepEqual(alice.events, ["renewed"]);
});

test("C3 calls that come while a refused token is renewed wait for the new one", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { delay: 100 });
  const first = alice.me();
  await until(() => bench.wire.count("POST", "token/refresh/"));

  await Promise.all([first, alice.me(), alice.me()]);

  assert.deepEqual(
    paths().filter((each) => each.endsWith("401")),
    ["me/ 401"],
  );
});

test("C3 a renewal does not queue behind slow calls: a slot is left for it", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  let release;
  bench.wire.fault("me/", { hold: new Promise((resolve) => (release = resolve)) }, 9);
  const slow = Array.from({ length: 12 }, () => alice.client.request({ url: `${API}me/`, timeout: 5000 }));
  await until(() => bench.wire.count("GET", "me/") >= 9);

  await alice.client.ready({ sessionKey: true }); // asks WeChat; then a login, with all other slots taken
  alice.fake.isKeyExpired = true;
  await alice.client.ready({ sessionKey: true });
  assert.equal(bench.wire.count("POST", "login/"), 2);
  assert.equal(bench.wire.count("GET", "me/"), 9);

  release();
  await Promise.all(slow);
});

test("C6 a call that is always refused ends after one renewal", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  bench.wire.clear();
  bench.wire.fault("me/", { status: 401, body: { code: "token_invalid", detail: "No." } }, 100);

  const error = await rejection(alice.me());

  assert.deepEqual(paths(), ["me/ 401", "token/refresh/ 200", "me/ 401"]);
  assert.equal(error.kind, "auth");
  assert.equal(error.status, 401);
  assert.equal(alice.client.signedIn, true); // what was just renewed is no reason to sign out
});

test("C6 a server that refuses everything ends it within four calls", async () => {
  for (const body of [{ code: "token_invalid" }, { code: "code_invalid" }, {}, "<html>401</html>"]) {
    const alice = phone(bench);
    bench.wire.clear();
    await alice.client.ready();
    bench.wire.clear();
    bench.wire.fault("*", { status: 401, body }, 100);

    const error = await rejection(alice.me());

    assert.ok(bench.wire.calls.length <= 4, paths().join());
    assert.equal(error.kind, "auth");
    assert.equal(error.retryable, false);
  }
});

test("C6 a 401 that wxlogin did not write signs nobody out", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  const before = alice.kept();
  bench.wire.fault("*", { status: 401, body: "<html>Log in to the hotel's network</html>", type: "text/html" }, 100);

  await rejection(alice.me());

  assert.deepEqual(alice.events, ["signed-in"]);
  assert.equal(alice.kept(), before);
});

test("C6 an endpoint that refuses everybody in words of its own costs the others nothing", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  const busy = { status: 429, body: { code: "throttled", detail: "…" } };
  bench.wire.fault("sessions/", { status: 401, body: { detail: "Not for you." } }, 100);
  bench.wire.fault("token/refresh/", busy, 100);

  const refused = await rejection(alice.client.request({ url: `${API}sessions/` }));

  assert.deepEqual([refused.status, refused.code], [429, "throttled"]);
  assert.equal((await alice.me()).statusCode, 200);
});

test("C7 a late 401 of an old token does not touch the new one", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("me/", { delay: 150 });
  const slow = alice.me();
  await pause(30);
  await alice.me();
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);

  const late = await slow;

  assert.equal(late.statusCode, 200);
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
  assert.equal(bench.wire.count("POST", "login/"), 0);
});

test("C12 a renewal whose answer got lost is made good without a login", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { lose: true });

  const error = await rejection(alice.me());
  assert.equal(error.kind, "network");
  assert.equal(error.retryable, true);
  assert.equal(alice.client.signedIn, true);

  assert.equal((await alice.me()).statusCode, 200);
  assert.equal(bench.wire.count("POST", "login/"), 0);
  assert.equal(await bench.server.act("open_sessions", { openid: alice.openid }), 1);
});

test("C12 a mini-program that was closed before the answer came goes on where it was", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { hang: true });
  rejection(alice.me());
  await until(() => bench.wire.count("POST", "token/refresh/"));

  assert.equal((await alice.reopened().me()).statusCode, 200);

  assert.equal(bench.wire.count("POST", "login/"), 0);
});

test("two clients on one phone, which should be one, still end with an answer each", async () => {
  const alice = await withRefusedAccess(bench);
  const other = alice.reopened();

  const answers = await Promise.all([alice.me(), other.me(), alice.me(), other.me()]);

  assert.ok(answers.every(({ statusCode }) => statusCode === 200));
  assert.equal(bench.wire.count("POST", "login/"), 0);
});

test("C20 a call that is called off while it waits for a renewal is not sent again, and the others are", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { delay: 100 });
  const task = alice.client.request({ url: `${API}sessions/` });
  const other = alice.me();
  await until(() => bench.wire.count("POST", "token/refresh/"));

  task.abort();
  const error = await rejection(task);

  assert.equal(error.kind, "interrupted");
  assert.equal(error.code, "aborted");
  assert.equal((await other).statusCode, 200);
  assert.equal(bench.wire.count("GET", "sessions/"), 1);
});

test("C20 a call that is called off on its way, or in the queue, is cut there", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  bench.wire.fault("me/", { delay: 200 }, 20);
  const tasks = Array.from({ length: 12 }, alice.me);
  await until(() => bench.wire.count("GET", "me/") >= 9);

  tasks[0].abort();
  tasks[11].abort();

  assert.equal((await rejection(tasks[0])).code, "aborted");
  assert.equal((await rejection(tasks[11])).code, "aborted");
  await Promise.all(tasks.slice(1, 11));
  assert.equal(bench.wire.count("GET", "me/"), 11);
});

test("ready({ sessionKey: true }) logs in anew where WeChat's key is gone, and only there", async () => {
  const alice = phone(bench);
  await alice.client.ready({ sessionKey: true });
  assert.equal(alice.count("login"), 1);

  alice.fake.isKeyExpired = true;
  await Promise.all([alice.client.ready({ sessionKey: true }), alice.client.ready({ sessionKey: true }), alice.me()]);
  assert.equal(alice.count("login"), 2);
  const openSessions = () => bench.server.act("open_sessions", { openid: alice.openid });
  await until(async () => (await openSessions()) === 1); // the one before was ended

  const sealed = await bench.server.wechat("open-data", { openid: alice.openid, data: { steps: 8000 } });
  const { data } = await alice.client.request({ url: `${API}open-data/`, method: "POST", data: sealed });
  assert.equal(data.data.steps, 8000);
});

test("a key that is gone while a token is renewed is a login all the same", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  const { checkSession } = alice.wx;
  let answer;
  alice.wx.checkSession = (options) => (answer = () => checkSession(options));
  const ready = alice.client.ready({ sessionKey: true });
  await until(() => answer);

  skew = 290 * 1000;
  bench.wire.fault("token/refresh/", { delay: 200 });
  const call = alice.me();
  await until(() => bench.wire.count("POST", "token/refresh/"));
  answer();
  await Promise.all([ready, call]);

  assert.equal(alice.count("login"), 2);
  assert.equal(bench.wire.count("POST", "login/"), 2);
});

test("a login that comes while WeChat is asked about the key brings one, and is the only one", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  let answer;
  alice.wx.checkSession = ({ fail }) => (answer = () => fail({ errMsg: "checkSession:fail session time out" }));
  const ready = alice.client.ready({ sessionKey: true });
  await until(() => answer);

  await bench.server.act("end_sessions", { openid: alice.openid });
  await alice.me();
  answer();
  await ready;

  assert.equal(alice.count("login"), 2);
});

test("a code that was fetched and did not arrive leaves the key stale, whatever WeChat says of it", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  bench.wire.fault("login/", { reset: true });
  await rejection(alice.client.ready({ sessionKey: true }));
  assert.equal(alice.fake.isKeyExpired, false); // of the latest code, which the server has never seen

  await alice.client.ready({ sessionKey: true });

  assert.equal(alice.count("login"), 3);
  assert.equal(bench.wire.calls.filter(({ path, status }) => path.endsWith("login/") && status === 200).length, 2);
});

test("a code that a renewal fetched in vain leaves the key stale too", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  skew = 250 * 1000; // due, but good
  bench.wire.fault("token/refresh/", { status: 404, body: "<html>deploying</html>", type: "text/html" });
  bench.wire.fault("login/", { reset: true });
  await alice.me();
  await until(() => bench.wire.count("POST", "login/") === 2);
  await pause(50);

  await alice.client.ready({ sessionKey: true });

  assert.equal(bench.wire.calls.filter(({ path, status }) => path.endsWith("login/") && status === 200).length, 2);
});

test("a renewal under way is waited for while the key is looked after, for it can end in a login", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  await bench.server.act("end_sessions", { openid: alice.openid });
  skew = 250 * 1000;
  bench.wire.fault("token/refresh/", { delay: 100 });

  await alice.client.ready({ sessionKey: true });

  assert.equal(alice.count("login"), 2); // and none comes after it
  assert.equal(alice.count("checkSession"), 1);
});

test("a check of the key that ends in a refused login costs nobody a session that is good", async () => {
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

test("an ended session and a key that is gone at the same time are one login", async () => {
  const alice = await withEndedSession(bench);
  alice.fake.isKeyExpired = true;

  await Promise.all([alice.me(), alice.client.ready({ sessionKey: true })]);

  assert.equal(bench.wire.count("POST", "login/"), 1);
  assert.equal((await alice.me()).statusCode, 200);
});
