"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { createClient } = require("../miniprogram_dist/wxlogin");
const { createFakeWx } = require("../testing");
const harness = require("./harness");

const { phone, rejection, withRefusedAccess } = harness;
const bench = harness.bench(test);

test("C16 no access token, code or refresh token is in the console, a URL or an error", async () => {
  const printed = [];
  const { log, info, warn, error: print, debug } = console;
  const spy = (...parts) => printed.push(parts.map(String).join(" "));
  Object.assign(console, { log: spy, info: spy, warn: spy, error: spy, debug: spy });
  const secrets = [];
  const errors = [];
  try {
    const alice = await withRefusedAccess(bench);
    await alice.me();
    for (const what of [{ status: 500 }, { reset: true }, { status: 401, body: { code: "token_invalid" } }]) {
      bench.wire.fault("*", what, 5);
      errors.push(await rejection(alice.me()));
      bench.wire.faults.length = 0;
    }
    await alice.client.bindPhone(await alice.tap()).catch(() => {});
    await alice.client.logout();
    bench.wire.calls.forEach(({ header, body }) => {
      const { refresh, code } = body ? JSON.parse(body) : {};
      secrets.push((header.authorization || "").replace("Bearer ", ""), refresh, code);
    });
  } finally {
    Object.assign(console, { log, info, warn, error: print, debug });
  }

  const output = [printed.join(), bench.wire.calls.map(({ url }) => url).join(), ...errors.map(textOf)].join();
  const used = secrets.filter(Boolean);
  assert.ok(new Set(used).size > 5);
  used.forEach((secret) => assert.ok(!output.includes(secret)));
  assert.deepEqual(printed, []);
});

test("C16 a foreign host gets no token, even if its URL looks like our own", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  // With no allowed domain, no request leaves this machine.
  alice.fake.domains = [];
  const port = bench.wire.url.split(":").pop();
  const foreign = [
    `http://localhost:${port}/api/wechat/me/`,
    `http://127.0.0.1:${Number(port) - 1}/`,
    `http://127.0.0.1:${port}@example.com/`,
    `http://127.0.0.1:${port}.example.com/`,
    `http://127.0.0.1:${port}\\@example.com/`,
    `https://127.0.0.1:${port}/`,
    `HTTP://example.com/?http://127.0.0.1:${port}/`,
  ];
  for (const url of foreign) {
    await rejection(alice.client.request({ url, header: { "X-Own": "kept" } }));

    const { header } = alice.fake.calls[alice.fake.calls.length - 1];
    assert.deepEqual(header, { "X-Own": "kept" }, url);
  }
});

test("C16 an explicit default port and capital letters do not change the host", async () => {
  const cases = [
    ["https://example.com/api/wechat/", "https://EXAMPLE.com:443/orders/", true],
    ["https://example.com:443/api/wechat/", "https://example.com/orders/", true],
    ["http://example.com:80/api/wechat/", "/orders/", true],
    ["https://example.com/api/wechat/", "https://example.com:80/orders/", false],
    ["https://example.com:8443/api/wechat/", "https://example.com/orders/", false],
  ];
  for (const [baseUrl, url, isOwn] of cases) {
    const wx = createFakeWx();
    // With no allowed domain, no request leaves this machine.
    wx.fake.domains = [];
    const kept = { access: "made-up", refresh: "made-up", from: Date.now(), lifetime: 300, user: null };
    wx.setStorageSync(`wxlogin:${baseUrl}`, JSON.stringify(kept));

    await rejection(createClient({ baseUrl, wx }).request({ url }));

    assert.equal(wx.fake.calls[0].header.Authorization, isOwn ? "Bearer made-up" : undefined, `${baseUrl} ${url}`);
  }
});

test("C16 a call to a foreign host needs no login, and its 401 causes no renewal", async () => {
  const alice = phone(bench);

  const error = await rejection(alice.client.request({ url: `${bench.server.url}/api/wechat/me/` }));

  assert.deepEqual([error.kind, error.status], ["auth", 401]);
  assert.equal(alice.fake.calls.length, 1);
  assert.equal(bench.wire.calls.length, 0);
});

test("C16 our own host gets exactly our token, however the URL is written", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  const own = [
    `${bench.wire.url}/api/wechat/me/`,
    "/api/wechat/me/",
    "api/wechat/me/",
    `${bench.wire.url.replace("http", "HTTP")}/api/wechat/me/`,
    `${bench.wire.url}/api/wechat/me/?next=http://example.com/`,
  ];
  for (const url of own) {
    const { statusCode } = await alice.client.request({ url, header: { authorization: "Basic made-up" } });
    assert.equal(statusCode, 200, url);
    const { header } = alice.fake.calls[alice.fake.calls.length - 1];
    assert.equal(Object.keys(header).filter((each) => /^authorization$/i.test(each)).length, 1);
  }
});

test("one server never gets the tokens of another", async () => {
  const before = phone(bench);
  await before.client.ready();

  const client = createClient({ baseUrl: "https://example.com/api/wechat/", wx: before.wx });

  assert.equal(client.signedIn, false);
});

function textOf(error) {
  return [error.message, error.stack, JSON.stringify(error)].join();
}
