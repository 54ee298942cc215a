"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { phone, rejection, waitFor, withRefusedAccess } = harness;
const bench = harness.bench(test);

test("C4 a person blocked by staff is signed out once, with the reason, and the client does not retry", async () => {
  const before = phone(bench);
  await before.client.ready();
  await bench.server.act("block", { openid: before.openid });
  bench.wire.clear();
  const alice = before.reopen();
  const signOuts = [];
  alice.client.on("signed-out", (reason, error) => signOuts.push({ reason, error }));

  const errors = await Promise.all(Array.from({ length: 5 }, () => rejection(alice.me())));

  errors.forEach((error) => {
    assert.equal(error.kind, "blocked");
    assert.equal(error.status, 403);
    assert.equal(error.code, "account_disabled");
    assert.equal(error.retryable, false);
  });
  assert.equal(signOuts.length, 1);
  assert.equal(signOuts[0].reason, "account_disabled");
  // Staff made the reason public.
  assert.equal(signOuts[0].error.reason, "spam");
  assert.equal(bench.wire.count("POST", "login/"), 1);
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
  assert.equal(alice.client.signedIn, false);
  assert.equal(alice.storedText(), "");

  // Another call of the page tries one more login, but sends no second event.
  await rejection(alice.me());
  assert.equal(bench.wire.count("POST", "login/"), 2);
  assert.equal(signOuts.length, 1);

  await bench.server.act("unblock", { openid: alice.openid });
  assert.equal((await alice.me()).statusCode, 200);
  assert.deepEqual(alice.events.slice(-1), ["signed-in"]);
});

test("C4 a late answer to a call from before the block does not start another login", async () => {
  const before = phone(bench);
  await before.client.ready();
  await bench.server.act("block", { openid: before.openid });
  bench.wire.clear();
  const alice = before.reopen();
  bench.wire.fault("me/", { delay: 200 });
  const slow = rejection(alice.me());
  await waitFor(() => bench.wire.calls.length);

  await rejection(alice.me());
  const late = await slow;

  assert.equal(late.code, "account_disabled");
  assert.equal(bench.wire.count("POST", "login/"), 1);
  // One login before the block, and the one that was refused.
  assert.equal(alice.count("login"), 2);
});

test("C4 a 403 of a renewal signs out with its code and without a login", async () => {
  const alice = await withRefusedAccess(bench);
  bench.wire.fault("token/refresh/", { status: 403, body: { code: "account_disabled", detail: "…" } });

  const error = await rejection(alice.me());

  assert.equal(error.kind, "blocked");
  assert.equal(alice.count("login"), 0);
  assert.deepEqual(alice.events, ["signed-out: account_disabled"]);
});

test("C4 a first login that WeChat's risk control refuses sends one event", async () => {
  const alice = phone(bench);
  await bench.server.wechat("faults", { path: "/sns/jscode2session", errcode: 40226, times: 1 });

  const error = await rejection(alice.client.ready());

  assert.equal(error.kind, "blocked");
  assert.equal(error.code, "user_blocked");
  assert.deepEqual(alice.events, ["signed-out: user_blocked"]);
  assert.equal(bench.wire.count("POST", "login/"), 1);
});

test("a refusal by another server than wxlogin signs nobody out", async () => {
  const firewall = { status: 403, body: { code: "AccessDenied" } };
  const deployed = { status: 404, body: { code: "not_found", detail: "…" } };
  for (const what of [firewall, deployed]) {
    const alice = await withRefusedAccess(bench);
    const kept = alice.storedText();
    bench.wire.fault("token/refresh/", what);
    bench.wire.fault("login/", what);

    const error = await rejection(alice.me());

    assert.equal(error.kind, "http");
    assert.equal(alice.storedText(), kept);
    assert.deepEqual(alice.events, []);
  }
});

test("a refresh token that a proxy refused is kept if wxlogin then refuses the login", async () => {
  const alice = await withRefusedAccess(bench);
  const kept = JSON.parse(JSON.parse(alice.storedText()));
  bench.wire.fault("token/refresh/", { status: 404, body: "<html>deploying</html>", type: "text/html" });
  bench.wire.fault("login/", { status: 401, body: { code: "code_invalid", detail: "…" } }, 2);

  const error = await rejection(alice.me());

  assert.equal(error.code, "code_invalid");
  assert.equal(JSON.parse(JSON.parse(alice.storedText())).refresh, kept.refresh);
  assert.deepEqual(alice.events, []);
});
