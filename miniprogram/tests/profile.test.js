"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const harness = require("./harness");

const { API, PNG, phone, rejection, waitFor, pause, withRefusedAccess } = harness;
const bench = harness.bench(test);

const FILE = "wxfile://tmp_picture.png";

const tapped = (detail) => ({ type: "getphonenumber", detail });

async function signedIn() {
  const alice = phone(bench);
  await alice.client.ready();
  alice.fake.files.set(FILE, PNG);
  bench.wire.clear();
  alice.fake.calls.length = 0;
  return alice;
}

test("C14 a tap binds the phone without a wx.login", async () => {
  const alice = await signedIn();

  const bound = await alice.client.bindPhone(await alice.tap());

  assert.deepEqual(Object.keys(bound).sort(), ["country_code", "phone_number"]);
  assert.equal(alice.count("login"), 0);
  assert.equal(alice.client.user.phone_bound, true);
  assert.equal(alice.reopen().client.user.phone_bound, true);
  assert.deepEqual(alice.events, ["signed-in", "profile"]);
});

test("C14 a double tap sends one request", async () => {
  const alice = await signedIn();
  const [event, another] = [await alice.tap(), await alice.tap()];

  const [one, other] = await Promise.all([
    alice.client.bindPhone(event),
    alice.client.bindPhone(event),
    alice.client.bindPhone(another),
  ]);

  assert.deepEqual(one, other);
  assert.equal(bench.wire.count("POST", "phone/"), 1);
});

test("C14 a refused phone code is not sent again, and the next tap works", async () => {
  const alice = await signedIn();

  const error = await rejection(alice.client.bindPhone(tapped({ errMsg: "getPhoneNumber:ok", code: "made-up" })));

  assert.equal(error.code, "phone_code_invalid");
  assert.equal(bench.wire.count("POST", "phone/"), 1);
  await alice.client.bindPhone(await alice.tap());
});

test("C14 each failure of the phone button has its own error, and nothing is sent", async () => {
  const cases = [
    [{ errMsg: "getPhoneNumber:fail user deny" }, "denied", ""],
    [{ errMsg: "getPhoneNumber:fail:user deny" }, "denied", ""],
    [{ errMsg: "getPhoneNumber:fail user cancel" }, "denied", ""],
    [{ errMsg: "getPhoneNumber:fail no permission" }, "wechat", "phone_not_allowed"],
    [{ errMsg: "getPhoneNumber:fail", errno: 1400001 }, "wechat", "phone_quota"],
    [{ errMsg: "getPhoneNumber:fail privacy permission is not authorized", errno: 104 }, "privacy", ""],
    [{ errMsg: "getPhoneNumber:fail api scope is not declared in the privacy agreement", errno: 112 }, "privacy", ""],
    [{ errMsg: "getPhoneNumber:ok" }, "wechat", "phone_code_missing"],
    [{}, "wechat", "phone_code_missing"],
  ];
  const alice = await signedIn();
  for (const [detail, kind, code] of cases) {
    const error = await rejection(alice.client.bindPhone(tapped(detail)));

    assert.deepEqual([error.kind, error.code], [kind, code], JSON.stringify(detail));
  }
  assert.equal(bench.wire.calls.length, 0);
  assert.equal((await rejection(alice.client.bindPhone())).name, "WxLoginError");
});

test("C19 a base library that is too old is reported with the version that is needed", async () => {
  for (const [version, code] of [
    ["2.10.0", "base_library_too_old"],
    ["2.21.1", "base_library_too_old"],
    ["2.9.9", "base_library_too_old"],
    ["2.21.2", "phone_code_missing"],
    ["2.22.0", "phone_code_missing"],
    ["3.0.0", "phone_code_missing"],
  ]) {
    const alice = phone(bench, { sdkVersion: version });

    const error = await rejection(
      alice.client.bindPhone(tapped({ errMsg: "getPhoneNumber:ok", encryptedData: "…", iv: "…" })),
    );

    assert.equal(error.code, code, version);
    if (code === "base_library_too_old") assert.match(error.message, /2\.21\.2/);
  }
});

test("C15 one call updates nickname and avatar", async () => {
  const alice = await signedIn();

  const user = await alice.client.updateProfile({ nickname: "王小明 🍵", avatarPath: FILE });

  assert.equal(user.nickname, "王小明 🍵");
  assert.match(user.avatar, /^http.*\/media\/.*\.png$/);
  assert.deepEqual(alice.client.user, user);
  assert.deepEqual(alice.reopen().client.user, user);
});

test("C15 nickname and avatar can be updated separately", async () => {
  const alice = await signedIn();

  await alice.client.updateProfile({ nickname: "Anna" });
  assert.equal(bench.wire.count("POST", "me/avatar/"), 0);
  const user = await alice.client.updateProfile({ avatarPath: FILE });

  assert.equal(bench.wire.count("PUT", "me/"), 1);
  assert.equal(user.nickname, "Anna");
  assert.ok(user.avatar);
  assert.deepEqual(await alice.client.updateProfile({}), user);
});

test("C15 an empty nickname is an error, and neither nickname nor picture is sent", async () => {
  const alice = await signedIn();

  for (const nickname of ["", "   "]) {
    const error = await rejection(alice.client.updateProfile({ nickname, avatarPath: FILE }));
    assert.deepEqual([error.kind, error.code], ["wechat", "nickname_blank"]);
  }
  assert.equal(bench.wire.calls.length, 0);
});

test("C15 a refused picture rejects with the code of the server, and the new nickname stays", async () => {
  const alice = await signedIn();
  const cases = [
    [Buffer.alloc(3 * 1024 * 1024), 413, "too_large"],
    [Buffer.from("no picture"), 400, "invalid_request"],
  ];
  for (const [content, status, code] of cases) {
    alice.fake.files.set(FILE, content);

    const error = await rejection(alice.client.updateProfile({ nickname: `Anna ${status}`, avatarPath: FILE }));

    assert.deepEqual([error.kind, error.status, error.code], ["http", status, code]);
    assert.equal(alice.client.user.nickname, `Anna ${status}`);
  }
  bench.wire.fault("me/avatar/", { status: 415, body: { code: "unsupported_media_type", detail: "No." } });
  assert.equal((await rejection(alice.client.updateProfile({ avatarPath: FILE }))).code, "unsupported_media_type");
});

test("C15 the page of a captive portal is not taken for a profile or a phone number", async () => {
  const alice = await signedIn();
  const before = alice.client.user;
  const page = { status: 200, body: "<html>Welcome</html>", type: "text/html" };
  bench.wire.fault("*", page, 3);

  const errors = [
    await rejection(alice.client.updateProfile({ nickname: "Anna" })),
    await rejection(alice.client.updateProfile({ avatarPath: FILE })),
    await rejection(alice.client.bindPhone(await alice.tap())),
  ];

  assert.deepEqual(
    errors.map(({ kind, code, retryable }) => [kind, code, retryable]),
    Array(3).fill(["http", "bad_answer", true]),
  );
  assert.deepEqual(alice.client.user, before);
});

test("C13 an upload with a refused token is sent once more, and its answer is parsed", async () => {
  const alice = await withRefusedAccess(bench);
  alice.fake.files.set(FILE, PNG);
  const progress = [];

  const task = alice.client.upload({
    url: `${API}me/avatar/`,
    filePath: FILE,
    name: "avatar",
    formData: { extra: "1" },
  });
  task.onProgressUpdate(({ progress: percent }) => progress.push(percent));
  const { statusCode, data } = await task;

  assert.equal(statusCode, 200);
  assert.equal(typeof data, "object");
  assert.deepEqual(progress, [100, 100]);
  assert.equal(bench.wire.count("POST", "me/avatar/"), 2);
  assert.equal(bench.wire.count("POST", "token/refresh/"), 1);
});

test("C13 an upload can be aborted", async () => {
  const alice = await signedIn();
  bench.wire.fault("me/avatar/", { hang: true });

  const task = alice.client.upload({ url: `${API}me/avatar/`, filePath: FILE, name: "avatar" });
  await waitFor(() => bench.wire.calls.length);
  task.abort();

  assert.equal((await rejection(task)).code, "aborted");
  await waitFor(() => bench.wire.calls[0].isCut);
});

test("C13 a missing file is not a network failure", async () => {
  const alice = await signedIn();

  const error = await rejection(alice.client.updateProfile({ avatarPath: "wxfile://gone.png" }));

  assert.deepEqual([error.kind, error.code, error.retryable], ["wechat", "file_missing", false]);
});

test("C21 events come in order, a listener that throws does no harm, and a removed one gets no event", async () => {
  const alice = await signedIn();
  const { error: print } = console;
  const printed = [];
  const received = [];
  console.error = (problem) => printed.push(problem.message);
  try {
    alice.client.on("profile", () => {
      throw new Error("the page's own");
    });
    const stop = alice.client.on("profile", () => received.push("profile"));

    await alice.client.updateProfile({ nickname: "Anna" });
    stop();
    await alice.client.updateProfile({ nickname: "Bella" });
  } finally {
    console.error = print;
  }
  await alice.client.logout();

  assert.deepEqual(printed, ["the page's own", "the page's own"]);
  assert.deepEqual(received, ["profile"]);
  assert.deepEqual(alice.events, ["signed-in", "profile", "profile", "signed-out: logged_out"]);
  assert.throws(() => alice.client.on("sign-out", () => {}), /no event is named sign-out/);
});

test("C21 a profile change from before a sign-out is not continued in the next session", async () => {
  const alice = await signedIn();
  bench.wire.fault("me/", { delay: 200 });
  const change = rejection(alice.client.updateProfile({ nickname: "Anna", avatarPath: FILE }));
  await waitFor(() => bench.wire.calls.length);

  await alice.client.logout();
  await alice.client.ready();

  assert.equal((await change).code, "logged_out");
  assert.equal(bench.wire.count("POST", "me/avatar/"), 0);
});

test("C21 an answer after a logout does not restore the user", async () => {
  const alice = await signedIn();
  bench.wire.fault("me/", { delay: 100 });
  const change = alice.client.updateProfile({ nickname: "Anna" });
  await pause(20);

  await alice.client.logout();

  assert.equal((await rejection(change)).code, "logged_out");
  assert.equal(alice.client.user, null);
  assert.equal(alice.fake.storage.size, 0);
});
