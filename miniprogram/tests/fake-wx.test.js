"use strict";

const assert = require("node:assert/strict");
const http = require("node:http");
const test = require("node:test");
const { createFakeWx } = require("../testing");

let server;
let url;
const requests = [];

test.before(async () => {
  server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ method: request.method, url: request.url, header: request.headers, body: Buffer.concat(chunks) });
      if (request.url.startsWith("/hang")) return;
      response.writeHead(request.url.startsWith("/500") ? 500 : 200, {
        "X-Request-ID": "made-up",
        "Set-Cookie": "a=1",
      });
      setTimeout(() => response.end(request.url.startsWith("/text") ? "plain" : '{"a": 1}'), 20);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});

test.beforeEach(() => (requests.length = 0));

test.after(() => {
  server.closeAllConnections();
  server.close();
});

/** Make a call. Return its result, with the name of the callback in `by`. */
function outcome(wx, api, options) {
  return new Promise((resolve) => {
    const results = [];
    wx[api]({
      ...options,
      success: (result) => results.push("success", result),
      fail: (result) => results.push("fail", result),
      complete: () => resolve({ by: results[0], ...results[1] }),
    });
  });
}

test("every status is a success with the original header, cookies and parsed JSON", async () => {
  const wx = createFakeWx();

  const answer = await outcome(wx, "request", { url: `${url}/500` });

  assert.equal(answer.by, "success");
  assert.equal(answer.statusCode, 500);
  assert.deepEqual(answer.data, { a: 1 });
  assert.equal(answer.header["X-Request-ID"], "made-up");
  assert.deepEqual(answer.cookies, ["a=1"]);
  assert.equal(answer.errMsg, "request:ok");
});

test("a download makes a file that can be uploaded, and responseType arraybuffer returns bytes", async () => {
  const wx = createFakeWx();

  const { tempFilePath, statusCode } = await outcome(wx, "downloadFile", { url: `${url}/text` });
  const { data } = await outcome(wx, "request", { url: `${url}/text`, responseType: "arraybuffer" });

  assert.equal(statusCode, 200);
  assert.equal(wx.fake.files.get(tempFilePath).toString(), "plain");
  assert.equal(Buffer.from(data).toString(), "plain");
  assert.equal((await outcome(wx, "uploadFile", { url, filePath: tempFilePath, name: "a" })).by, "success");
});

test("a page can't set the header fields of the platform", async () => {
  const wx = createFakeWx({ referer: "https://servicewechat.com/wx0123456789abcdef/12/page-frame.html" });

  await outcome(wx, "request", { url, header: { Referer: "https://example.com/", "User-Agent": "made up" } });

  assert.match(requests[0].header.referer, /^https:\/\/servicewechat\.com/);
  assert.match(requests[0].header["user-agent"], /^MicroMessenger/);
});

test("text that is not JSON stays text, and so does JSON with another dataType", async () => {
  const wx = createFakeWx();

  assert.equal((await outcome(wx, "request", { url: `${url}/text` })).data, "plain");
  assert.equal((await outcome(wx, "request", { url, dataType: "其他" })).data, '{"a": 1}');
});

test("data is encoded as a query, JSON or a form, like on the platform", async () => {
  const wx = createFakeWx({ referer: "https://servicewechat.com/wx0123456789abcdef/12/page-frame.html" });
  const form = { "Content-Type": "application/x-www-form-urlencoded" };

  await outcome(wx, "request", { url: `${url}/?a=1`, data: { b: "茶 &" } });
  await outcome(wx, "request", { url, method: "POST", data: { b: "茶" } });
  await outcome(wx, "request", { url, method: "POST", data: { b: "茶 &" }, header: form });
  await outcome(wx, "request", { url, method: "PUT", data: "as it is" });

  assert.equal(requests[0].url, "/?a=1&b=%E8%8C%B6%20%26");
  assert.equal(requests[1].body.toString(), '{"b":"茶"}');
  assert.equal(requests[1].header["content-type"], "application/json");
  assert.equal(requests[2].body.toString(), "b=%E8%8C%B6%20%26");
  assert.equal(requests[3].body.toString(), "as it is");
  assert.match(requests[0].header.referer, /servicewechat/);
});

test("a call that the platform would refuse fails with the platform's message", async () => {
  const wx = createFakeWx();
  wx.fake.domains = [url];
  const failureOf = async (options, api = "request") => {
    const { by, errMsg, errno } = await outcome(wx, api, options);
    assert.equal(by, "fail");
    return [errMsg, errno];
  };

  assert.deepEqual(await failureOf({ url: "https://example.com/" }), ["request:fail url not in domain list", 600002]);
  assert.deepEqual(await failureOf({ url: "/relative" }), ["request:fail invalid url", 600009]);
  assert.deepEqual(await failureOf({ url: "http://[" }), ["request:fail invalid url", 600009]);
  assert.deepEqual(await failureOf({ url: "file:///etc" }), ["request:fail invalid url", 600009]);
  assert.equal((await failureOf({ url, method: "PATCH" }))[0], "request:fail method is invalid");
  assert.equal(
    (await failureOf({ url, filePath: "gone", name: "a" }, "uploadFile"))[0],
    "uploadFile:fail file not found",
  );
  assert.deepEqual(await failureOf({ url: `${url}/hang`, timeout: 30 }), ["request:fail timeout", 5]);
  wx.fake.domains = null;
  Object.assign(wx.fake, { uploadDomains: [], downloadDomains: [] });
  assert.match((await failureOf({ url, filePath: "gone", name: "a" }, "uploadFile"))[0], /not in domain list/);
  assert.match((await failureOf({ url }, "downloadFile"))[0], /not in domain list/);
  assert.match((await failureOf({ url: "http://127.0.0.1:1/" }))[0], /ERR_CONNECTION_REFUSED/);
  wx.fake.isOffline = true;
  assert.match((await failureOf({ url }))[0], /ERR_INTERNET_DISCONNECTED/);
  assert.equal(requests.length, 1);
});

test("ten calls run at a time, uploads included, and the rest wait", async () => {
  const wx = createFakeWx();
  wx.fake.files.set("file", "content");

  const calls = Array.from({ length: 30 }, (_, index) =>
    index % 2
      ? outcome(wx, "request", { url })
      : outcome(wx, "uploadFile", { url, filePath: "file", name: "a", formData: { b: "茶" } }),
  );
  const answers = await Promise.all(calls);

  assert.ok(answers.every(({ by }) => by === "success"));
  assert.equal(wx.fake.mostAtOnce, 10);
  const upload = requests.find(({ header }) => /^multipart/.test(header["content-type"]));
  assert.match(upload.body.toString(), /name="b"\r\n\r\n茶\r\n[^]*name="a"; filename="file"\r\n\r\ncontent\r\n/);
  // The data of an upload is always text.
  assert.equal(typeof answers[0].data, "string");
});

test("a call that can't be sent releases its slot", async () => {
  const wx = createFakeWx();
  const bad = Array.from({ length: 10 }, () => outcome(wx, "request", { url, header: { "X-Own": "茶" } }));

  assert.ok((await Promise.all(bad)).every(({ by }) => by === "fail"));
  assert.equal((await outcome(wx, "request", { url })).by, "success");
});

test("in the background, running calls are interrupted and no call starts before the foreground", async () => {
  const wx = createFakeWx({ interruptedAfter: 30 });
  const unfinished = outcome(wx, "request", { url: `${url}/hang` });
  wx.fake.background();
  wx.fake.background();
  const later = outcome(wx, "request", { url });

  const { errMsg } = await unfinished;
  assert.equal(errMsg, "request:fail interrupted");
  assert.equal(requests.length, 1);

  wx.fake.foreground();
  assert.equal((await later).by, "success");
});

test("abort ends a running call and a waiting call", async () => {
  const wx = createFakeWx();
  const failed = [];
  const start = () => wx.request({ url: `${url}/hang`, fail: ({ errMsg }) => failed.push(errMsg) });
  const tasks = Array.from({ length: 11 }, start);

  [tasks[10], tasks[0]].forEach((task) => task.abort());
  await outcome(wx, "request", { url });

  assert.deepEqual(failed, ["request:fail abort", "request:fail abort"]);
  tasks.forEach((task) => task.abort());
});

test('the storage copies values, returns "" for a missing one, and has size limits', async () => {
  const wx = createFakeWx();
  const value = { a: [1] };
  wx.setStorageSync("key", value);
  value.a.push(2);

  assert.deepEqual(wx.getStorageSync("key"), { a: [1] });
  assert.equal(wx.getStorageSync("missing"), "");
  assert.throws(() => wx.setStorageSync("key", "x".repeat(1024 * 1024)), /setStorageSync:fail entry size limit/);
  // The limit counts bytes, not characters.
  assert.throws(() => wx.setStorageSync("key", "茶".repeat(400 * 1024)), /entry size limit/);
  await assert.rejects(wx.setStorage({ key: "key", data: "x".repeat(800 * 1024), encrypt: true }), {
    errMsg: "setStorage:fail entry size limit reached",
  });
  assert.deepEqual(wx.getStorageInfoSync().keys, ["key"]);
  assert.deepEqual((await wx.getStorage({ key: "key" })).data, { a: [1] });
  await assert.rejects(wx.getStorage({ key: "missing" }), { errMsg: "getStorage:fail data not found" });
  assert.equal((await outcome(wx, "setStorage", { key: "other", data: 1 })).by, "success");
  wx.removeStorageSync("key");
  await wx.removeStorage({ key: "other" });
  assert.deepEqual(wx.getStorageInfoSync().keys, []);
});

test("the storage is full at ten megabytes, and a stored value can still be replaced", () => {
  const wx = createFakeWx();
  const large = "x".repeat(1000 * 1024);
  for (let index = 0; index < 10; index += 1) wx.setStorageSync(`key ${index}`, large);

  wx.setStorageSync("key 0", large);
  assert.throws(() => wx.setStorageSync("another", large), /exceed storage max size/);
});

test("without callbacks, login and checkSession return promises", async () => {
  const wx = createFakeWx({ code: () => "one" });

  assert.deepEqual(await wx.login(), { code: "one", errMsg: "login:ok" });
  assert.deepEqual(await wx.checkSession(), { errMsg: "checkSession:ok" });
  wx.fake.isKeyExpired = true;
  await assert.rejects(wx.checkSession({}), { errMsg: "checkSession:fail session time out, need relogin" });
});

test("wx.login returns the codes of the test, and checkSession succeeds after a login", async () => {
  const codes = ["one", "two"];
  const wx = createFakeWx({ code: () => codes.shift() });

  assert.equal((await outcome(wx, "login", {})).code, "one");
  assert.equal((await outcome(wx, "checkSession", {})).by, "success");
  wx.fake.isKeyExpired = true;
  assert.match((await outcome(wx, "checkSession", {})).errMsg, /need relogin/);
  assert.equal((await outcome(wx, "login", {})).code, "two");
  assert.equal((await outcome(wx, "checkSession", {})).by, "success");
  wx.fake.loginFails = "system error";
  assert.equal((await outcome(wx, "login", {})).errMsg, "login:fail system error");
  assert.match((await outcome(createFakeWx(), "login", {})).errMsg, /no code\(\)/);
  assert.equal(wx.fake.calls.filter(({ api }) => api === "login").length, 3);
});
