"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { createClient } = require("../miniprogram_dist/wxlogin");
const { createFakeWx } = require("../testing");
const harness = require("./harness");

const { phone, rejection, waitFor, withRefusedAccess, withEndedSession } = harness;
const bench = harness.bench(test);

const DAY = 24 * 3600 * 1000;

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

test("a wx.login without a code signs nobody out", async () => {
  const alice = phone(bench, { code: () => "" });

  const error = await rejection(alice.client.ready());

  assert.deepEqual([error.kind, error.retryable], ["wechat", true]);
  assert.equal(bench.wire.calls.length, 0);
  assert.deepEqual(alice.events, []);
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
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx: taro, timeout: harness.TIMEOUT });
  await client.ready();
  alice.fake.isOffline = true;

  const error = await rejection(client.request({ url: "/api/wechat/me/" }));

  // An unhandled rejection would fail this file.
  assert.equal(error.kind, "network");
});

test("a wx with only the required methods works", async () => {
  const { request, uploadFile, login, getStorageSync, setStorageSync, removeStorageSync } = phone(bench).wx;
  const wx = { request, uploadFile, login, getStorageSync, setStorageSync, removeStorageSync };
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx, timeout: harness.TIMEOUT });

  await client.ready();

  const error = await rejection(client.bindPhone({ detail: { errMsg: "getPhoneNumber:ok" } }));
  assert.equal(error.code, "base_library_too_old");
});

test("the server's messages are in the language of the phone", async () => {
  const alice = phone(bench);
  await bench.server.wechat("faults", { path: "/sns/jscode2session", errcode: 40226, times: 1 });

  const error = await rejection(alice.client.ready());

  assert.equal(error.detail, "微信不允许该账号登录。");
});

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
  const open = () => createClient({ baseUrl: bench.wire.baseUrl, wx: alice.wx, storage, timeout: harness.TIMEOUT });
  await open().ready();
  await harness.pause(50);
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
  const options = { baseUrl: bench.wire.baseUrl, wx: before.wx, storage, timeout: harness.TIMEOUT };

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
    const client = createClient({ baseUrl: bench.wire.baseUrl, wx, storage, timeout: harness.TIMEOUT });
    await client.ready();
    await client.logout();
  }
});

test("one server never gets the tokens of another", async () => {
  const before = phone(bench);
  await before.client.ready();

  const client = createClient({ baseUrl: "https://example.com/api/wechat/", wx: before.wx });

  assert.equal(client.signedIn, false);
});

test("with several apps on the server, the appid is sent with the code", async () => {
  const { wx } = phone(bench);
  const unknown = createClient({
    baseUrl: bench.wire.baseUrl,
    wx,
    appid: "wx00000000000000ff",
    timeout: harness.TIMEOUT,
  });

  const error = await rejection(unknown.ready());

  assert.equal(error.code, "unknown_app");
  assert.equal(error.status, 400);
  const known = createClient({
    baseUrl: bench.wire.baseUrl,
    wx,
    appid: "wx0123456789abcdef",
    timeout: harness.TIMEOUT,
  });
  await known.ready();
});

function textOf(error) {
  return [error.message, error.stack, JSON.stringify(error)].join();
}
