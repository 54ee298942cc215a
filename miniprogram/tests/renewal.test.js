"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { API, phone, rejection, waitFor, pause, withRefusedAccess } = harness;
const bench = harness.bench(test);

const paths = () => bench.wire.calls.map(({ path, status }) => `${path.replace(API, "")} ${status}`);

test("C3 twenty-five calls that are refused at the same time share one refresh, and all are answered", async () => {
  const alice = await withRefusedAccess(bench);

  const answers = await Promise.all(Array.from({ length: 25 }, alice.me));

  assert.ok(answers.every(({ statusCode }) => statusCode === 200));
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
  assert.equal(bench.wire.count("POST", "login/"), 0);
  assert.ok(bench.wire.count("GET", "me/") <= 50);
  assert.ok(alice.fake.mostAtOnce <= 10);
  assert.deepEqual(alice.events, ["renewed"]);
});

test("C3 calls during a renewal of a refused token wait for the new token", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { delay: 100 });
  const first = alice.me();
  await waitFor(() => bench.wire.count("POST", "token/refresh/"));

  await Promise.all([first, alice.me(), alice.me()]);

  assert.deepEqual(
    paths().filter((each) => each.endsWith("401")),
    ["me/ 401"],
  );
});

test("C3 a renewal does not queue behind slow calls, because one slot is reserved", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  let release;
  bench.wire.fault("me/", { hold: new Promise((resolve) => (release = resolve)) }, 9);
  const slow = Array.from({ length: 12 }, () => alice.client.request({ url: `${API}me/`, timeout: 5000 }));
  await waitFor(() => bench.wire.count("GET", "me/") >= 9);

  // The first call only asks WeChat. The second one logs in while all other slots are taken.
  await alice.client.ready({ sessionKey: true });
  alice.fake.isKeyExpired = true;
  await alice.client.ready({ sessionKey: true });
  assert.equal(bench.wire.count("POST", "login/"), 2);
  assert.equal(bench.wire.count("GET", "me/"), 9);

  release();
  await Promise.all(slow);
});

test("C6 a call that is always refused fails after one renewal", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  bench.wire.clear();
  bench.wire.fault("me/", { status: 401, body: { code: "token_invalid", detail: "No." } }, 100);

  const error = await rejection(alice.me());

  assert.deepEqual(paths(), ["me/ 401", "token/refresh/ 200", "me/ 401"]);
  assert.equal(error.kind, "auth");
  assert.equal(error.status, 401);
  // The session was renewed successfully, so the person stays signed in.
  assert.equal(alice.client.signedIn, true);
});

test("C6 if the server refuses everything, a call fails after at most four requests", async () => {
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
  const before = alice.storedText();
  bench.wire.fault("*", { status: 401, body: "<html>Log in to the hotel's network</html>", type: "text/html" }, 100);

  await rejection(alice.me());

  assert.deepEqual(alice.events, ["signed-in"]);
  assert.equal(alice.storedText(), before);
});

test("C6 a 401 with an unknown code from one endpoint does not disturb calls to the others", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  const throttled = { status: 429, body: { code: "throttled", detail: "…" } };
  bench.wire.fault("sessions/", { status: 401, body: { detail: "Not for you." } }, 100);
  bench.wire.fault("token/refresh/", throttled, 100);

  const refused = await rejection(alice.client.request({ url: `${API}sessions/` }));

  assert.deepEqual([refused.status, refused.code], [429, "throttled"]);
  assert.equal((await alice.me()).statusCode, 200);
});

test("C7 a late 401 for an old token does not affect the new one", async () => {
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

test("C12 a renewal whose answer was lost is repeated without a login", async () => {
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

test("C12 a mini-program that was closed during a renewal continues with its session", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { hang: true });
  rejection(alice.me());
  await waitFor(() => bench.wire.count("POST", "token/refresh/"));

  assert.equal((await alice.reopen().me()).statusCode, 200);

  assert.equal(bench.wire.count("POST", "login/"), 0);
});

test("two clients on one phone still get all their answers", async () => {
  const alice = await withRefusedAccess(bench);
  const other = alice.reopen();

  const answers = await Promise.all([alice.me(), other.me(), alice.me(), other.me()]);

  assert.ok(answers.every(({ statusCode }) => statusCode === 200));
  assert.equal(bench.wire.count("POST", "login/"), 0);
});

test("C20 a call that is aborted during a renewal is not sent again, but the other calls are", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { delay: 100 });
  const task = alice.client.request({ url: `${API}sessions/` });
  const other = alice.me();
  await waitFor(() => bench.wire.count("POST", "token/refresh/"));

  task.abort();
  const error = await rejection(task);

  assert.equal(error.kind, "interrupted");
  assert.equal(error.code, "aborted");
  assert.equal((await other).statusCode, 200);
  assert.equal(bench.wire.count("GET", "sessions/"), 1);
});

test("C20 abort ends a call on the wire and a call in the queue", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  bench.wire.fault("me/", { delay: 200 }, 20);
  const tasks = Array.from({ length: 12 }, alice.me);
  await waitFor(() => bench.wire.count("GET", "me/") >= 9);

  tasks[0].abort();
  tasks[11].abort();

  assert.equal((await rejection(tasks[0])).code, "aborted");
  assert.equal((await rejection(tasks[11])).code, "aborted");
  await Promise.all(tasks.slice(1, 11));
  assert.equal(bench.wire.count("GET", "me/"), 11);
});
