"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { API, phone, rejection, waitFor, withRefusedAccess } = harness;
const bench = harness.bench(test);

// The faults of a call: how to cause each one, and the expected error.
const FAULTS = {
  offline: { start: ({ fake }) => (fake.isOffline = true), kind: "network" },
  "connection broken": { wire: { reset: true }, kind: "network" },
  "answer lost": { wire: { lose: true }, kind: "network" },
  "no answer": { wire: { hang: true }, kind: "timeout" },
  interrupted: { wire: { hang: true }, start: leaveWhenSent, kind: "interrupted" },
  500: { wire: { status: 500, body: "<h1>Server Error (500)</h1>", type: "text/html" }, kind: "http", status: 500 },
  "500 from wxlogin": {
    wire: { status: 500, body: { code: "internal_error", detail: "…" } },
    kind: "http",
    status: 500,
    code: "internal_error",
  },
  "502 from a proxy": {
    wire: { status: 502, body: "<html>Bad Gateway</html>", type: "text/html" },
    kind: "http",
    status: 502,
  },
  "503 from wxlogin": {
    wire: { status: 503, body: { code: "wechat_unavailable", detail: "…" } },
    kind: "http",
    code: "wechat_unavailable",
  },
  429: { wire: { status: 429, body: { code: "throttled", detail: "…" } }, kind: "http", code: "throttled" },
  "an HTML page instead of JSON": {
    wire: { status: 200, body: "<html>Welcome</html>", type: "text/html" },
    kind: "http",
    code: "bad_answer",
  },
  "an empty answer": { wire: { status: 200, body: "" }, kind: "http", code: "bad_answer" },
  "unexpected JSON": { wire: { status: 200, body: { access: 1 } }, kind: "http", code: "bad_answer" },
};

/** Put the mini-program in the background while a call waits for its answer. */
async function leaveWhenSent({ fake }, where) {
  await waitFor(() => bench.wire.calls.some((call) => call.path === API + where));
  fake.background();
}

for (const [name, { start, wire, kind, status, code }] of Object.entries(FAULTS)) {
  test(`C5 a renewal that fails with ${name} keeps the session`, async () => {
    const alice = await withRefusedAccess(bench);
    const kept = alice.storedText();
    if (wire) bench.wire.fault("token/refresh/", wire);
    const call = alice.me();
    if (start) await start(alice, "token/refresh/");

    const error = await rejection(call);

    assertError(error, { kind, status, code });
    assert.equal(alice.storedText(), kept);
    assert.equal(alice.client.signedIn, true);
    assert.deepEqual(alice.events, []);
    assert.equal(alice.count("login"), 0);
    await assertRecovery(alice);
    assert.equal(bench.wire.count("POST", "login/"), 0);
  });

  test(`C5 a login that fails with ${name} succeeds later`, async () => {
    const alice = phone(bench);
    if (wire) bench.wire.fault("login/", wire);
    const call = alice.client.ready();
    if (start) await start(alice, "login/");

    const error = await rejection(call);

    assertError(error, { kind, status, code });
    assert.deepEqual(alice.events, []);
    await assertRecovery(alice);
    // A login code is never sent twice.
    assert.equal(alice.count("login"), 2);
  });

  // The client does not check the answers of a page's own endpoints.
  if (code === "bad_answer") continue;

  test(`C8 a call that fails with ${name} rejects and keeps the session`, async () => {
    const alice = phone(bench);
    await alice.client.ready();
    const kept = alice.storedText();
    if (wire) bench.wire.fault("me/", wire);
    const call = alice.me();
    if (start) await start(alice, "me/");

    const error = await rejection(call);

    assertError(error, { kind, status, code });
    assert.equal(alice.storedText(), kept);
    // The client does not send the call again.
    assert.equal(bench.wire.count("GET", "me/"), wire ? 1 : 0);
    await assertRecovery(alice);
  });
}

function assertError(error, { kind, status, code }) {
  assert.equal(error.name, "WxLoginError");
  assert.equal(error.kind, kind);
  assert.equal(error.retryable, true);
  if (status) assert.equal(error.status, status);
  if (code) assert.equal(error.code, code);
}

const lastCall = () => bench.wire.calls[bench.wire.calls.length - 1];

async function assertRecovery(alice) {
  alice.fake.isOffline = false;
  alice.fake.foreground();
  bench.wire.faults.length = 0;
  assert.equal((await alice.me()).statusCode, 200);
}

test("C8 a wx.login that fails or never calls back rejects with its kind", async () => {
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

test("C8 a call that the platform never ends times out", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  let isCut = false;
  alice.wx.request = () => ({ abort: () => (isCut = true) });

  const error = await rejection(alice.me());

  assert.equal(error.kind, "timeout");
  assert.equal(isCut, true);
});

test("C8 a success without an answer is an error", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.wx.request = ({ success }) => success();

  assert.equal((await rejection(alice.me())).name, "WxLoginError");
});

test("C8 an exception of the platform becomes a WxLoginError", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.wx.request = () => {
    throw new Error("request:fail parameter error");
  };

  const error = await rejection(alice.me());

  assert.equal(error.name, "WxLoginError");
});

test("C8 a method that the platform does not have is a bad call and not retryable", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  const patch = await rejection(alice.client.request({ url: `${API}me/`, method: "PATCH" }));
  alice.wx.request = undefined;
  const missing = await rejection(alice.me());

  [patch, missing].forEach((error) => {
    assert.deepEqual([error.kind, error.code, error.retryable], ["wechat", "bad_call", false]);
  });
});

test("C8 a denied file is not reported as a denied phone number", async () => {
  const alice = phone(bench);
  await alice.client.ready();
  alice.wx.uploadFile = ({ fail }) => fail({ errMsg: "uploadFile:fail permission denied, open wxfile://tmp" });

  const error = await rejection(alice.client.updateProfile({ avatarPath: "wxfile://tmp" }));

  assert.notEqual(error.code, "phone_not_allowed");
});

test("C8 the error has the server's status, code, message and request id", async () => {
  const alice = phone(bench);
  await alice.client.ready();

  const error = await rejection(alice.client.request({ url: `${API}sessions/made-up/`, method: "DELETE" }));

  assert.equal(error.kind, "http");
  assert.equal(error.status, 404);
  assert.equal(error.code, "not_found");
  // The message is in the language of the phone.
  assert.equal(error.detail, "没有找到所请求的内容。");
  assert.equal(error.retryable, false);
  assert.match(error.requestId, /^[a-z0-9]{8,}$/);
});

test("C9 a call that changes data is sent once, whatever its outcome", async () => {
  for (const what of [{ lose: true }, { hang: true }, { status: 503, body: { code: "storage_unavailable" } }]) {
    const alice = phone(bench);
    await alice.client.ready();
    bench.wire.clear();
    bench.wire.fault("me/", what);

    await rejection(alice.client.request({ url: `${API}me/`, method: "PUT", data: { nickname: "Anna" } }));

    assert.equal(bench.wire.count("PUT", "me/"), 1);
  }
});

test("C9 a call that is refused with 401 is sent again with the same data and header", async () => {
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

test("C22 the request id is the client's own, also for a good or a malformed answer", async () => {
  const alice = phone(bench);
  const { requestId } = await alice.client.request({ url: `${API}me/`, header: { "x-request-id": "of-the-page" } });
  assert.equal(requestId, lastCall().header["x-request-id"]);
  assert.notEqual(requestId, "of-the-page");

  bench.wire.fault("me/", { status: 200, body: "<html>" });
  const error = await rejection(alice.client.updateProfile({ nickname: "Anna" }));

  assert.equal(error.code, "bad_answer");
  assert.equal(error.requestId, lastCall().header["x-request-id"]);
});

test("C22 every call sends a request id and the client's version, and staff find a failure by the error's id", async () => {
  const alice = phone(bench, { code: () => "made-up" });

  const error = await rejection(alice.client.ready());

  const { header } = bench.wire.calls[bench.wire.calls.length - 1];
  assert.equal(header["x-request-id"], error.requestId);
  assert.match(header["x-wxlogin-client"], /^\d+\.\d+\.\d+$/);
  assert.deepEqual(await bench.server.act("failures", { request_id: error.requestId }), ["code_invalid"]);
  assert.equal(new Set(bench.wire.calls.map((call) => call.header["x-request-id"])).size, bench.wire.calls.length);
});

test("C22 staff see the client's version of a login", async () => {
  const alice = phone(bench);
  await alice.client.ready();

  const { header } = bench.wire.calls[0];
  assert.deepEqual(await bench.server.act("clients", { openid: alice.openid }), [header["x-wxlogin-client"]]);
});

test("C22 without an answer, or with one from a proxy, the error has the id that was sent", async () => {
  for (const what of [{ lose: true }, { status: 502, body: "<html>Bad Gateway</html>", type: "text/html" }]) {
    const alice = phone(bench);
    await alice.client.ready();
    bench.wire.fault("me/", what);

    const error = await rejection(alice.me());

    assert.equal(error.requestId, bench.wire.calls[bench.wire.calls.length - 1].header["x-request-id"]);
  }
});
