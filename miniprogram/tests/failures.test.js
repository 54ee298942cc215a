"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { API, phone, rejection, until, withRefusedAccess } = harness;
const bench = harness.bench(test);

// What can happen to a call: how it is brought about, and what the error must say.
const FAULTS = {
  offline: { start: ({ fake }) => (fake.isOffline = true), kind: "network" },
  "connection broken": { wire: { reset: true }, kind: "network" },
  "answer lost": { wire: { lose: true }, kind: "network" },
  "no answer": { wire: { hang: true }, kind: "timeout" },
  interrupted: { wire: { hang: true }, start: leaveOnceSent, kind: "interrupted" },
  500: { wire: { status: 500, body: "<h1>Server Error (500)</h1>", type: "text/html" }, kind: "http", status: 500 },
  "502 of a proxy": {
    wire: { status: 502, body: "<html>Bad Gateway</html>", type: "text/html" },
    kind: "http",
    status: 502,
  },
  "503 of ours": {
    wire: { status: 503, body: { code: "wechat_unavailable", detail: "…" } },
    kind: "http",
    code: "wechat_unavailable",
  },
  429: { wire: { status: 429, body: { code: "throttled", detail: "…" } }, kind: "http", code: "throttled" },
  "a page in place of JSON": {
    wire: { status: 200, body: "<html>Welcome</html>", type: "text/html" },
    kind: "http",
    code: "bad_answer",
  },
  "an empty answer": { wire: { status: 200, body: "" }, kind: "http", code: "bad_answer" },
  "JSON of somebody else": { wire: { status: 200, body: { access: 1 } }, kind: "http", code: "bad_answer" },
};

/** The person leaves the mini-program while the call that hangs is on its way. */
async function leaveOnceSent({ fake }, where) {
  await until(() => bench.wire.calls.some((call) => call.path === API + where));
  fake.background();
}

for (const [name, { start, wire, kind, status, code }] of Object.entries(FAULTS)) {
  test(`C5 a renewal that fails by ${name} keeps the session`, async () => {
    const alice = await withRefusedAccess(bench);
    const kept = alice.kept();
    if (wire) bench.wire.fault("token/refresh/", wire);
    const call = alice.me();
    if (start) await start(alice, "token/refresh/");

    const error = await rejection(call);

    expect(error, { kind, status, code });
    assert.equal(alice.kept(), kept);
    assert.equal(alice.client.signedIn, true);
    assert.deepEqual(alice.events, []);
    assert.equal(alice.count("login"), 0);
    await heals(alice);
    assert.equal(bench.wire.count("POST", "login/"), 0);
  });

  test(`C5 a login that fails by ${name} can be had later`, async () => {
    const alice = phone(bench);
    if (wire) bench.wire.fault("login/", wire);
    const call = alice.client.ready();
    if (start) await start(alice, "login/");

    const error = await rejection(call);

    expect(error, { kind, status, code });
    assert.deepEqual(alice.events, []);
    await heals(alice);
    assert.equal(alice.count("login"), 2); // the code of a login is never sent again
  });

  if (code === "bad_answer") continue; // of a page's own endpoints that is the page's affair

  test(`C8 a call that fails by ${name} says so and leaves the session alone`, async () => {
    const alice = phone(bench);
    await alice.client.ready();
    const kept = alice.kept();
    if (wire) bench.wire.fault("me/", wire);
    const call = alice.me();
    if (start) await start(alice, "me/");

    const error = await rejection(call);

    expect(error, { kind, status, code });
    assert.equal(alice.kept(), kept);
    assert.equal(bench.wire.count("GET", "me/"), wire ? 1 : 0); // nothing is sent again by itself
    await heals(alice);
  });
}

function expect(error, { kind, status, code }) {
  assert.equal(error.name, "WxLoginError");
  assert.equal(error.kind, kind);
  assert.equal(error.retryable, true);
  if (status) assert.equal(error.status, status);
  if (code) assert.equal(error.code, code);
}

const last = () => bench.wire.calls[bench.wire.calls.length - 1];

async function heals(alice) {
  alice.fake.isOffline = false;
  alice.fake.foreground();
  bench.wire.faults.length = 0;
  assert.equal((await alice.me()).statusCode, 200);
}

test("C8 a wx.login that fails or never calls back ends too, each with its kind", async () => {
  const cases = {
    hangs: "timeout",
    "system error": "wechat",
    "net::ERR_INTERNET_DISCONNECTED": "network",
    interrupted: "interrupted",
  };
  for (const [problem, kind] of Object.entries(cases)) {
    const alice = phone(bench);
    alice.fake.loginFails = problem;

    const error = await rejection(alice.me());

    assert.equal(error.kind, kind);
    assert.equal(error.retryable, true);
    alice.fake.loginFails = "";
    await alice.me();
  }
});

test("C8 a platform that never calls back is given up", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  let isCut = false;
  alice.wx.request = () => ({ abort: () => (isCut = true) });

  const error = await rejection(alice.me());

  assert.equal(error.kind, "timeout");
  assert.equal(isCut, true);
});

test("C8 a platform that succeeds with nothing is an error too", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.wx.request = ({ success }) => success();

  assert.equal((await rejection(alice.me())).name, "WxLoginError");
});

test("C8 a platform that throws is an error like any other", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.wx.request = () => {
    throw new Error("request:fail parameter error");
  };

  const error = await rejection(alice.me());

  assert.equal(error.name, "WxLoginError");
});

test("C8 what the platform does not know is the page's mistake, and trying again won't help", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  const patch = await rejection(alice.client.request({ url: `${API}me/`, method: "PATCH" }));
  alice.wx.request = undefined;
  const missing = await rejection(alice.me());

  [patch, missing].forEach((error) => {
    assert.deepEqual([error.kind, error.code, error.retryable], ["wechat", "bad_call", false]);
  });
});

test("C8 a file that may not be read is not taken for a phone that may not be had", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.wx.uploadFile = ({ fail }) => fail({ errMsg: "uploadFile:fail permission denied, open wxfile://tmp" });

  const error = await rejection(alice.client.updateProfile({ avatarPath: "wxfile://tmp" }));

  assert.notEqual(error.code, "phone_not_allowed");
});

test("C8 what the server says arrives: status, code, sentence, request id", async () => {
  const alice = phone(bench);
  await alice.client.ready();

  const error = await rejection(alice.client.request({ url: `${API}sessions/made-up/`, method: "DELETE" }));

  assert.equal(error.kind, "http");
  assert.equal(error.status, 404);
  assert.equal(error.code, "not_found");
  assert.equal(error.detail, "没有找到所请求的内容。"); // in the language of the phone
  assert.equal(error.retryable, false);
  assert.match(error.requestId, /^[a-z0-9]{8,}$/);
});

test("C9 a call that changes something is sent once, whatever becomes of it", async () => {
  for (const what of [{ lose: true }, { hang: true }, { status: 503, body: { code: "storage_unavailable" } }]) {
    const alice = phone(bench);
    await alice.client.ready();
    bench.wire.clear();
    bench.wire.fault("me/", what);

    await rejection(alice.client.request({ url: `${API}me/`, method: "PUT", data: { nickname: "Anna" } }));

    assert.equal(bench.wire.count("PUT", "me/"), 1);
  }
});

test("C9 a call that was refused before its work was done is sent again, with all that it had", async () => {
  const alice = await withRefusedAccess(bench);

  const { data } = await alice.client.request({
    url: `${API}me/`,
    method: "PUT",
    data: { nickname: "韩梅梅" },
    header: { "X-Own": "kept" },
  });

  assert.equal(data.nickname, "韩梅梅");
  const sent = bench.wire.calls.filter(({ method }) => method === "PUT");
  assert.deepEqual(
    sent.map(({ status }) => status),
    [401, 200],
  );
  assert.deepEqual(
    sent.map(({ header }) => header["x-own"]),
    ["kept", "kept"],
  );
});

test("C22 the id is the client's own, also of an answer that is fine or makes no sense", async () => {
  const alice = phone(bench);
  const { requestId } = await alice.client.request({ url: `${API}me/`, header: { "x-request-id": "of-the-page" } });
  assert.equal(requestId, last().header["x-request-id"]);
  assert.notEqual(requestId, "of-the-page");

  bench.wire.fault("me/", { status: 200, body: "<html>" });
  const error = await rejection(alice.client.updateProfile({ nickname: "Anna" }));

  assert.equal(error.code, "bad_answer");
  assert.equal(error.requestId, last().header["x-request-id"]);
});

test("C22 every call has an id and says which client it is; staff find a failure by the id of the error", async () => {
  const alice = phone(bench, { code: () => "made-up" });

  const error = await rejection(alice.client.ready());

  const { header } = bench.wire.calls[bench.wire.calls.length - 1];
  assert.equal(header["x-request-id"], error.requestId);
  assert.match(header["x-wxlogin-client"], /^\d+\.\d+\.\d+$/);
  assert.deepEqual(await bench.server.act("failures", { request_id: error.requestId }), ["code_invalid"]);
  assert.equal(new Set(bench.wire.calls.map((call) => call.header["x-request-id"])).size, bench.wire.calls.length);
});

test("C22 staff see with which client somebody logged in", async () => {
  const alice = phone(bench);
  await alice.client.ready();

  const { header } = bench.wire.calls[0];
  assert.deepEqual(await bench.server.act("clients", { openid: alice.openid }), [header["x-wxlogin-client"]]);
});

test("C22 a call that was never answered, or by a proxy, has the id that it was sent with", async () => {
  for (const what of [{ lose: true }, { status: 502, body: "<html>Bad Gateway</html>", type: "text/html" }]) {
    const alice = phone(bench);
    await alice.client.ready();
    bench.wire.fault("me/", what);

    const error = await rejection(alice.me());

    assert.equal(error.requestId, bench.wire.calls[bench.wire.calls.length - 1].header["x-request-id"]);
  }
});
