"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { phone, waitFor } = harness;
const bench = harness.bench(test);

const DAY = 24 * 3600 * 1000;

test("C11 a clock that is wrong by a day costs no extra call", async () => {
  for (const skew of [DAY, -DAY]) {
    const alice = phone(bench, { now: () => Date.now() + skew });
    await alice.client.ready();
    bench.wire.clear();

    await alice.me();
    await alice.reopen().me();

    assert.deepEqual(
      bench.wire.calls.map(({ path, status }) => `${path} ${status}`),
      ["/api/wechat/me/ 200", "/api/wechat/me/ 200"],
    );
  }
});

test("C11 a clock that is set back after the login costs no extra call", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  bench.wire.clear();

  skew = -DAY;
  await alice.me();

  assert.deepEqual(
    bench.wire.calls.map(({ path, status }) => `${path} ${status}`),
    ["/api/wechat/me/ 200"],
  );
});

test("C11 a token is renewed once before it expires, and no call gets a 401", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  const before = await alice.client.ready();
  bench.wire.clear();

  // The token is valid for 300 seconds, and the margin is 60.
  skew = 235 * 1000;
  await alice.me();
  assert.equal(bench.wire.count("POST", "token/refresh/"), 0);
  skew = 245 * 1000;
  await Promise.all([alice.me(), alice.me(), alice.client.ready()]);
  await waitFor(() => alice.events.includes("renewed"));

  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
  assert.ok(bench.wire.calls.every(({ status }) => status === 200));
  assert.deepEqual(alice.client.user, before);
  assert.deepEqual(alice.events, ["signed-in", "renewed"]);
});

test("C11 an early renewal that fails harms no call while the token is valid, and is retried", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  skew = 250 * 1000;
  bench.wire.fault("token/refresh/", { reset: true });

  assert.equal((await alice.me()).statusCode, 200);
  await waitFor(async () => (await alice.me()) && alice.events.includes("renewed"));

  assert.ok(bench.wire.count("POST", "token/refresh/") >= 2);
  assert.deepEqual(alice.events, ["signed-in", "renewed"]);
});

test("C11 an early renewal that hangs delays no call while the token is valid", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  bench.wire.clear();
  skew = 250 * 1000;
  bench.wire.fault("token/refresh/", { hang: true });

  await Promise.all([alice.me(), alice.me(), alice.client.ready()]);

  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
  const refresh = bench.wire.calls.find(({ path }) => path.endsWith("refresh/"));
  // The renewal is still running.
  assert.ok(!refresh.isCut);
});

test("C11 an expired token is not sent", async () => {
  let skew = 0;
  const alice = phone(bench, { now: () => Date.now() + skew });
  await alice.client.ready();
  await alice.me();
  const before = bench.wire.calls[1].header.authorization;
  bench.wire.clear();

  skew = 301 * 1000;
  await Promise.all([alice.me(), alice.me()]);

  const sent = bench.wire.calls.filter(({ path }) => path.endsWith("me/")).map(({ header }) => header.authorization);
  assert.equal(sent.length, 2);
  sent.forEach((authorization) => assert.notEqual(authorization, before));
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
});
