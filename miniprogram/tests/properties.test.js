"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const fc = require("fast-check");
const { createClient } = require("../miniprogram_dist/wxlogin");
const { createFakeWx, codesFrom } = require("../testing");
const harness = require("./harness");

const { API, rejection, pause } = harness;
const bench = harness.bench(test);

const RUNS = Number(process.env.PROPERTY_RUNS) || 30;
// Milliseconds. The longest chain of calls that time out has to stay below SETTLES_WITHIN.
const TIMEOUT = 350;
const SETTLES_WITHIN = 2000; // milliseconds
const OPTIONS = { numRuns: RUNS, endOnFailure: true, includeErrorInReport: true };
const FILE = "wxfile://tmp_picture.png";

const NETWORK = [
  { reset: true },
  { lose: true },
  { hang: true },
  { delay: 100 },
  { status: 500, body: "<h1>Server Error (500)</h1>", type: "text/html" },
  { status: 503, body: { code: "wechat_unavailable", detail: "…" } },
  { status: 404, body: "<html>deploying</html>", type: "text/html" },
  { status: 401, body: "<html>hotel network</html>", type: "text/html" },
  { status: 200, body: "<html>hotel network</html>", type: "text/html" },
  { status: 200, body: "" },
  { status: 200, body: {} },
];
const REFUSALS = [
  { status: 401, body: { code: "token_invalid", detail: "…" } },
  { status: 401, body: { code: "code_invalid", detail: "…" } },
  { status: 401, body: { code: "session_ended", detail: "…", reason: "ended_by_staff" } },
  { status: 403, body: { code: "account_disabled", detail: "…" } },
  { status: 403, body: { code: "user_blocked", detail: "…" } },
  { status: 400, body: { code: "invalid_request", detail: "…", fields: { appid: ["…"] } } },
];

const call = fc.constantFrom("request", "ready", "readyWithKey", "upload", "nickname", "phone", "abort");
const path = fc.constantFrom("*", "login/", "token/refresh/", "me/", "logout/");
const event = fc.constantFrom(
  "offline",
  "online",
  "background",
  "foreground",
  "expire",
  "refuse",
  "hang wx.login",
  "lose key",
);
const fault = (kinds) => fc.record({ path, what: fc.constantFrom(...kinds), times: fc.integer({ min: 1, max: 3 }) });
const step = (kinds) => fc.oneof(fault(kinds), event, call, fc.record({ wait: fc.integer({ min: 0, max: 80 }) }));

let personCount = 0;

/** Return a new person with a phone, and a function for each step. */
function newPerson() {
  bench.wire.clear();
  personCount += 1;
  const openid = `o-property-${process.pid}-${personCount}`;
  const wx = createFakeWx({ code: codesFrom(bench.server.fakeWeChat, openid), interruptedAfter: 50 });
  wx.fake.files.set(FILE, Buffer.from("no picture"));
  let skew = 0;
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx, timeout: TIMEOUT, now: () => Date.now() + skew });
  const signedOut = [];
  client.on("signed-out", (reason) => signedOut.push(reason));

  const calls = {
    request: () => client.request({ url: `${API}me/` }),
    ready: () => client.ready(),
    readyWithKey: () => client.ready({ sessionKey: true }),
    upload: () => client.upload({ url: `${API}me/avatar/`, filePath: FILE, name: "avatar" }),
    nickname: () => client.updateProfile({ nickname: "Anna" }),
    phone: () => client.bindPhone({ detail: { errMsg: "getPhoneNumber:ok", code: "made-up" } }),
    logout: () => client.logout(),
    abort() {
      const task = client.request({ url: `${API}me/` });
      setTimeout(() => task.abort(), 10);
      return task;
    },
  };
  const events = {
    offline: () => (wx.fake.isOffline = true),
    online: () => (wx.fake.isOffline = false),
    background: () => wx.fake.background(),
    foreground: () => wx.fake.foreground(),
    expire: () => (skew += 290 * 1000),
    refuse: () => bench.wire.fault("me/", REFUSALS[0], 2),
    "hang wx.login": () => (wx.fake.loginFails = "hangs"),
    "lose key": () => (wx.fake.isKeyExpired = true),
  };
  const heal = () => {
    bench.wire.faults.length = 0;
    wx.fake.isOffline = false;
    wx.fake.loginFails = "";
    wx.fake.foreground();
  };
  return { client, wx, calls, events, heal, signedOut };
}

/** Start all steps in order, without waiting for their calls. Then wait until each call settles. */
async function runSteps(person, steps) {
  const outcomes = [];
  for (const each of steps) {
    if (each.path) bench.wire.fault(each.path, each.what, each.times);
    else if (each.wait !== undefined) await pause(each.wait);
    else if (person.calls[each]) outcomes.push(assertSettles(each, person.calls[each]()));
    else person.events[each]();
  }
  // A mini-program in the background sends no calls, so bring it to the foreground.
  person.wx.fake.foreground();
  return Promise.all(outcomes);
}

function assertSettles(name, promise) {
  const watchdog = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${name} has not settled`)), SETTLES_WITHIN).unref();
  });
  const settled = promise.then(
    () => null,
    (error) => assert.equal(error.name, "WxLoginError", error.stack),
  );
  return Promise.race([settled, watchdog]);
}

/** Assert that a call succeeds. Retry after a time-out, because the machine may be busy. */
async function assertHealthy({ client }, tries = 3) {
  try {
    await client.ready();
    assert.equal((await client.request({ url: `${API}me/` })).statusCode, 200);
  } catch (error) {
    if (error.kind !== "timeout" || tries === 1) throw error;
    await assertHealthy({ client }, tries - 1);
  }
}

test("C8 in every sequence of faults, all promises settle within two seconds and a later call succeeds", async () => {
  const steps = fc.array(fc.oneof(step([...NETWORK, ...REFUSALS]), fc.constant("logout")), {
    minLength: 3,
    maxLength: 14,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const person = newPerson();

      await runSteps(person, sequence);
      person.heal();

      await assertHealthy(person);
    }),
    OPTIONS,
  );
});

test("C5 no sequence of network faults signs a person out", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step(NETWORK), { minLength: 3, maxLength: 14 }), async (sequence) => {
      const person = newPerson();
      await person.client.ready();

      await runSteps(person, sequence);
      assert.deepEqual(person.signedOut, []);
      assert.equal(person.wx.fake.storage.size, 1);
      person.heal();

      await assertHealthy(person);
    }),
    OPTIONS,
  );
});

test("the watchdog reports a promise that never settles", async () => {
  const error = await rejection(assertSettles("this one", new Promise(() => {})));

  assert.match(error.message, /has not settled/);
});
