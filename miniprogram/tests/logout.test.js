"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { createClient } = require("../miniprogram_dist/wxlogin");
const harness = require("./harness");

const { API, phone, rejection, waitFor, pause, withRefusedAccess } = harness;
const bench = harness.bench(test);

const openSessions = ({ openid }) => bench.server.act("open_sessions", { openid });

test("C10 logout ends the session on the server and deletes it on the phone", async () => {
  const alice = phone(bench);
  await alice.client.ready();

  await alice.client.logout();

  assert.equal(alice.client.signedIn, false);
  assert.equal(alice.client.user, null);
  assert.equal(alice.fake.storage.size, 0);
  assert.equal(await openSessions(alice), 0);
  assert.deepEqual(alice.events, ["signed-in", "signed-out: logged_out"]);
});

test("C10 a refresh in flight does not restore the session after a logout", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { delay: 150 });
  const call = rejection(alice.me());
  await waitFor(() => bench.wire.count("POST", "token/refresh/"));

  await alice.client.logout();
  const error = await call;
  await pause(300);

  assert.equal(alice.fake.storage.size, 0);
  assert.equal(alice.client.signedIn, false);
  assert.equal(error.kind, "auth");
  assert.equal(error.code, "logged_out");
  assert.equal(bench.wire.count("POST", "login/"), 0);
  assert.equal(await openSessions(alice), 0);
  assert.deepEqual(alice.events, ["signed-out: logged_out"]);
});

test("C10 a login in flight does not restore the session, and its new session is ended", async () => {
  const alice = phone(bench);
  bench.wire.fault("login/", { delay: 150 });
  const call = rejection(alice.client.ready());
  await waitFor(() => bench.wire.count("POST", "login/"));

  await alice.client.logout();
  await call;
  await pause(300);

  assert.equal(alice.fake.storage.size, 0);
  assert.equal(await openSessions(alice), 0);
  assert.equal(await bench.server.act("people", { openid: alice.openid }), 1);
});

test("C10 the code of a wx.login in flight is not sent after a logout", async () => {
  let give;
  const alice = phone(bench, { code: () => new Promise((resolve) => (give = resolve)) });
  const call = rejection(alice.client.ready());
  await waitFor(() => give);

  await alice.client.logout();
  give("made-up");
  await call;
  await pause(50);

  assert.equal(bench.wire.calls.length, 0);
  assert.deepEqual(alice.events, ["signed-out: logged_out"]);
});

test("C10 a refresh that is refused after a logout causes no wx.login and no second event", async () => {
  const alice = await withRefusedAccess(bench);
  let release;
  const hold = new Promise((resolve) => (release = resolve));
  bench.wire.fault("token/refresh/", { status: 401, body: { code: "session_ended" }, hold });
  const call = rejection(alice.me());
  await waitFor(() => bench.wire.count("POST", "token/refresh/"));

  await alice.client.logout();
  release();

  assert.equal((await call).code, "logged_out");
  assert.equal(alice.count("login"), 0);
  assert.deepEqual(alice.events, ["signed-out: logged_out"]);
});

test("C10 a login that is refused after a logout causes no second event", async () => {
  const alice = phone(bench);
  let release;
  const hold = new Promise((resolve) => (release = resolve));
  bench.wire.fault("login/", { status: 403, body: { code: "account_disabled" }, hold });
  const call = rejection(alice.client.ready());
  await waitFor(() => bench.wire.count("POST", "login/"));

  await alice.client.logout();
  release();

  assert.equal((await call).code, "logged_out");
  assert.deepEqual(alice.events, ["signed-out: logged_out"]);
});

test("C10 ready() after a logout does not wait for work from before it", async () => {
  const alice = await withRefusedAccess(bench);
  let release;
  bench.wire.fault("token/refresh/", { hold: new Promise((resolve) => (release = resolve)) });
  const call = rejection(alice.me());
  await waitFor(() => bench.wire.count("POST", "token/refresh/"));

  const out = alice.client.logout();
  await alice.client.ready();
  release();

  assert.equal((await call).code, "logged_out");
  await out;
  assert.equal((await alice.me()).statusCode, 200);
});

test("C10 a check of WeChat's session_key in flight causes no login after a logout", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.fake.isKeyExpired = true;
  let answer;
  const { checkSession } = alice.wx;
  alice.wx.checkSession = (options) => (answer = () => checkSession(options));
  const call = rejection(alice.client.ready({ sessionKey: true }));
  await waitFor(() => answer);

  await alice.client.logout();
  answer();

  assert.equal((await call).code, "logged_out");
  assert.equal(alice.client.signedIn, false);
  assert.equal(alice.count("login"), 1);
});

test("C10 ready() rejects if a logout came while it ran", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  let answer;
  alice.wx.checkSession = ({ success }) => (answer = () => success({ errMsg: "checkSession:ok" }));
  const ready = rejection(alice.client.ready({ sessionKey: true }));
  await waitFor(() => answer);

  await alice.client.logout();
  answer();

  assert.equal((await ready).code, "logged_out");
});

test("C10 a logout in a signed-in listener takes effect", async () => {
  const alice = phone(bench);
  alice.client.on("signed-in", () => alice.client.logout());

  assert.equal((await rejection(alice.client.ready())).code, "logged_out");
  assert.equal(alice.client.signedIn, false);
});

test("C10 a second logout after a warm start sends no request", async () => {
  const before = phone(bench);
  await before.client.ready();
  const alice = before.reopen();
  await alice.client.logout();
  bench.wire.clear();

  await alice.client.logout();

  assert.equal(bench.wire.calls.length, 0);
});

test("C10 logout takes effect at once, and a ready() right after it signs in again", async () => {
  const alice = phone(bench);
  await alice.client.ready();

  const out = alice.client.logout();
  assert.equal(alice.client.signedIn, false);
  await Promise.all([out, alice.client.ready()]);

  assert.equal(alice.client.signedIn, true);
  assert.deepEqual(alice.events, ["signed-in", "signed-out: logged_out", "signed-in"]);
});

test("C10 a logout during a slow storage write leaves the storage empty", async () => {
  const kept = new Map();
  const later = (ms, run) => new Promise((resolve) => setTimeout(() => resolve(run()), ms));
  const storage = {
    get: (key) => kept.get(key),
    set: (key, value) => later(200, () => kept.set(key, value)),
    remove: (key) => later(5, () => kept.delete(key)),
  };
  const alice = phone(bench);
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx: alice.wx, storage, timeout: harness.TIMEOUT });
  await client.ready();
  await pause(20);

  await client.logout();
  await pause(250);

  assert.equal(kept.size, 0);
});

test("C10 logout with an expired access token still ends the session on the server", async () => {
  const alice = await withRefusedAccess(bench);

  await alice.client.logout();

  assert.equal(await openSessions(alice), 0);
});

test("C10 logout works without a network", async () => {
  for (const what of [{ reset: true }, { hang: true }, { status: 500 }, { status: 200, body: "<html>" }]) {
    const alice = phone(bench);
    await alice.client.ready();
    bench.wire.fault("*", what, 100);

    await alice.client.logout();

    assert.equal(alice.fake.storage.size, 0);
    assert.equal(alice.client.signedIn, false);
    bench.wire.clear();
  }
});

test("logout({ everywhere: true }) ends the sessions on other phones too", async () => {
  const alice = phone(bench);
  const tablet = phone(bench, { openid: alice.openid });
  await Promise.all([alice.client.ready(), tablet.client.ready()]);

  await alice.client.logout({ everywhere: true });

  assert.equal(await openSessions(alice), 0);
});

test("after a logout only ready() signs in again", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  await alice.client.logout();
  bench.wire.clear();

  const error = await rejection(alice.me());
  assert.equal(error.code, "logged_out");
  assert.match(error.message, /ready\(\)/);
  assert.equal(bench.wire.calls.length, 0);

  await Promise.all([alice.client.ready(), alice.me()]);
  assert.deepEqual(alice.events.slice(-1), ["signed-in"]);
});

test("a logout request that is still running does not undo a new login", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  bench.wire.fault("logout/", { delay: 100 });

  const out = alice.client.logout();
  await pause(20);
  await alice.client.ready();
  await out;

  assert.equal(alice.client.signedIn, true);
  assert.equal((await alice.me()).statusCode, 200);
  assert.equal(await openSessions(alice), 1);
});

test("a logout without a session, or a second one, does no harm", async () => {
  const alice = phone(bench);
  await alice.client.logout();
  await alice.client.logout();

  assert.equal(bench.wire.calls.length, 0);
  assert.deepEqual(alice.events, ["signed-out: logged_out"]);
});

test("a call after erasure and logout does not create the person again", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  await alice.client.request({ url: `${API}me/`, method: "DELETE" });

  await alice.client.logout();
  await rejection(alice.me());

  assert.equal(await bench.server.act("people", { openid: alice.openid }), 0);
});
