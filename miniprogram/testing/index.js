// A `wx` for tests in Node: real HTTP behind the platform's own manners. What it can't know it leaves out.
"use strict";

const { Buffer } = require("buffer");
const http = require("http");
const https = require("https");
const { fakeStorage } = require("./storage");

const SLOTS = 10; // developers.weixin.qq.com, network: requests, uploads and downloads at a time
const INTERRUPTED_AFTER = 5000; // milliseconds in the background
const LONGEST = 60000; // milliseconds: default and maximum of a call

// errno where known (developers.weixin.qq.com, PublicErrno); no page lists them all.
const FAILS = {
  timeout: { errno: 5, text: "timeout" },
  offline: { errno: 600001, text: "errcode:-106 net::ERR_INTERNET_DISCONNECTED" },
  unreachable: { errno: 600001, text: "errcode:-102 net::ERR_CONNECTION_REFUSED" },
  broken: { errno: 600001, text: "errcode:-101 net::ERR_CONNECTION_RESET" },
  domain: { errno: 600002, text: "url not in domain list" },
  interrupted: { errno: 600003, text: "interrupted" },
  url: { errno: 600009, text: "invalid url" },
  abort: { text: "abort" },
  method: { text: "method is invalid" },
  file: { text: "file not found" },
};
const METHODS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"]; // and no PATCH

/**
 * @param {import("./index").FakeOptions} options
 * @returns {import("./index").FakeWx}
 */
function createFakeWx({
  code = noCode,
  sdkVersion = "3.8.0",
  referer = "",
  interruptedAfter = INTERRUPTED_AFTER,
} = {}) {
  const waiting = []; // calls that have no slot yet, or wait for the foreground
  const running = new Set();
  const storage = fakeStorage();

  const fake = {
    calls: [],
    files: new Map(),
    domains: null,
    isOffline: false,
    isKeyExpired: false,
    loginFails: "",
    sdkVersion,
    mostAtOnce: 0,
    inBackground: false,
    storage: storage.items,

    background() {
      clearTimeout(fake.interruption);
      fake.inBackground = true;
      fake.interruption = setTimeout(() => running.forEach((call) => call.fail("interrupted")), interruptedAfter);
      fake.interruption.unref();
    },

    foreground() {
      fake.inBackground = false;
      clearTimeout(fake.interruption);
      startNext();
    },
  };

  function startNext() {
    while (waiting.length && running.size < SLOTS && !fake.inBackground) {
      const call = waiting.shift();
      running.add(call);
      fake.mostAtOnce = Math.max(fake.mostAtOnce, running.size);
      call.start();
    }
  }

  /** One request or upload, from the queue to exactly one of success and fail. */
  function enqueue(api, options, send) {
    let isOver = false;
    let wire = null;
    let timer = null;
    const settle = (callback, result) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      running.delete(call);
      startNext();
      setImmediate(() => {
        if (callback) callback(result);
        if (options.complete) options.complete(result);
      });
    };
    const call = {
      start() {
        timer = setTimeout(() => call.fail("timeout"), Math.min(options.timeout || LONGEST, LONGEST));
        if (fake.isOffline) return call.fail("offline");
        wire = send(
          (answer) => settle(options.success, { ...answer, errMsg: `${api}:ok` }),
          (reason) => call.fail(reason),
        );
        return undefined;
      },
      fail(reason) {
        const { errno, text } = FAILS[reason];
        settle(options.fail, { errMsg: `${api}:fail ${text}`, ...(errno ? { errno } : {}) });
        if (wire) wire.destroy();
      },
    };
    const problem = refusalOf(api, options);
    fake.calls.push({
      api,
      method: options.method || (api === "request" ? "GET" : "POST"),
      url: options.url,
      header: { ...options.header },
    });
    if (problem) {
      call.fail(problem);
    } else {
      waiting.push(call);
      startNext();
    }
    return {
      abort() {
        const position = waiting.indexOf(call);
        if (position >= 0) waiting.splice(position, 1);
        call.fail("abort");
      },
    };
  }

  /** Why the platform does not even try. */
  function refusalOf(api, { url, method = "GET", filePath }) {
    if (!/^https?:\/\/[^/]/i.test(url)) return "url";
    if (fake.domains && !fake.domains.includes(new URL(url).origin)) return "domain";
    if (!METHODS.includes(method)) return "method";
    if (api === "uploadFile" && !fake.files.has(filePath)) return "file";
    return "";
  }

  const headers = (given) => ({
    ...(referer ? { referer } : {}), // the platform's own, which a page can't set
    "user-agent": `MicroMessenger/8.0.60 MiniProgramEnv/Test wx/${fake.sdkVersion}`,
    ...given,
  });

  return {
    fake,

    request(options) {
      return enqueue("request", options, (done, failed) => {
        const { url, body, header } = encoded(options);
        return exchange(url, options.method || "GET", headers(header), body, done, failed, (text) =>
          !options.dataType || options.dataType === "json" ? parsed(text) : text,
        );
      });
    },

    uploadFile(options) {
      const listeners = [];
      const task = enqueue("uploadFile", options, (done, failed) => {
        const { body, header } = form(options, fake.files.get(options.filePath));
        const whole = { progress: 100, totalBytesSent: body.length, totalBytesExpectedToSend: body.length };
        setImmediate(() => listeners.forEach((listener) => listener(whole)));
        return exchange(
          options.url,
          "POST",
          headers({ ...options.header, ...header }),
          body,
          done,
          failed,
          (text) => text,
        );
      });
      return { ...task, onProgressUpdate: (listener) => listeners.push(listener) };
    },

    login({ success, fail, complete }) {
      fake.calls.push({ api: "login" });
      const settle = (callback, result) => {
        if (callback) callback(result);
        if (complete) complete(result);
      };
      const problem = fake.loginFails || (fake.isOffline ? "network error" : "");
      if (problem === "hangs") return;
      Promise.resolve()
        .then(() => (problem ? Promise.reject(new Error(problem)) : code()))
        .then(
          (fresh) => {
            fake.isKeyExpired = false;
            settle(success, { code: fresh, errMsg: "login:ok" });
          },
          (error) => settle(fail, { errMsg: `login:fail ${error.message}` }),
        );
    },

    checkSession({ success, fail, complete }) {
      fake.calls.push({ api: "checkSession" });
      setImmediate(() => {
        const result = fake.isKeyExpired
          ? { errMsg: "checkSession:fail session time out, need relogin" }
          : { errMsg: "checkSession:ok" };
        const callback = fake.isKeyExpired ? fail : success;
        if (callback) callback(result);
        if (complete) complete(result);
      });
    },

    getAppBaseInfo: () => ({ SDKVersion: fake.sdkVersion, language: "zh_CN" }),
    getSystemInfoSync: () => ({ SDKVersion: fake.sdkVersion, language: "zh_CN" }),
    ...storage.api,
  };
}

/** @returns {string} */
function noCode() {
  throw new Error("createFakeWx needs a code(), for wx.login to give");
}

/** What the platform makes of `data`: a query for GET, JSON or a form for the rest. */
function encoded({ url, data, method = "GET", header = {} }) {
  const name = Object.keys(header).find((each) => each.toLowerCase() === "content-type");
  const type = name ? header[name] : "application/json";
  const sent = { "content-type": type, ...header };
  if (data === undefined) return { url, header: sent };
  if (typeof data === "string" || data instanceof ArrayBuffer)
    return { url, header: sent, body: Buffer.from(/** @type {any} */ (data)) };
  if (method === "GET") return { url: url + (url.includes("?") ? "&" : "?") + query(data), header: sent };
  return {
    url,
    header: sent,
    body: Buffer.from(/x-www-form-urlencoded/.test(type) ? query(data) : JSON.stringify(data)),
  };
}

function query(data) {
  return Object.keys(data)
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(data[name])}`)
    .join("&");
}

function form({ filePath, name, formData = {} }, file) {
  const boundary = `----wx${Math.random().toString(16).slice(2)}`;
  const part = (disposition, content) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ];
  const fields = Object.keys(formData).map((each) => part(`name="${each}"`, String(formData[each])));
  const filename = filePath.split("/").pop();
  const parts = [...fields, part(`name="${name}"; filename="${filename}"`, file)];
  const body = Buffer.concat([...[].concat(...parts), Buffer.from(`--${boundary}--\r\n`)]);
  return { body, header: { "content-type": `multipart/form-data; boundary=${boundary}` } };
}

function exchange(url, method, headers, body, done, failed, read) {
  const { request } = /^https:/i.test(url) ? https : http;
  const wire = request(url, {
    method,
    headers: { ...headers, "content-length": body ? body.length : 0 },
    agent: false,
  });
  wire.on("response", (answer) => {
    const chunks = [];
    answer.on("data", (chunk) => chunks.push(chunk));
    answer.on("error", () => failed("broken"));
    answer.on("end", () => {
      if (!answer.complete) return failed("broken");
      return done({
        statusCode: answer.statusCode,
        header: headerOf(answer.rawHeaders),
        cookies: answer.headers["set-cookie"] || [],
        data: read(Buffer.concat(chunks).toString("utf8")),
      });
    });
  });
  wire.on("error", (/** @type {any} */ error) => failed(error.code === "ECONNREFUSED" ? "unreachable" : "broken"));
  wire.end(body);
  return wire;
}

function headerOf(raw) {
  const header = {};
  for (let index = 0; index < raw.length; index += 2) header[raw[index]] = raw[index + 1];
  return header;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return text;
  }
}

/** A `code()` for `createFakeWx`: codes of somebody whom a running fake WeChat (`manage.py fakewechat`) knows. */
function codesFrom(fakeWeChat, openid, appid) {
  return async () => {
    const { code } = await ask(`${fakeWeChat}/_fake/codes`, appid ? { openid, appid } : { openid });
    return code;
  };
}

/** The event of a phone button that `openid` tapped and agreed to. */
async function phoneEvent(fakeWeChat, openid, appid) {
  const { code } = await ask(`${fakeWeChat}/_fake/phone-codes`, appid ? { openid, appid } : { openid });
  return { type: "getphonenumber", detail: { errMsg: "getPhoneNumber:ok", code } };
}

function ask(url, fields) {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(JSON.stringify(fields));
    exchange(url, "POST", { "content-type": "application/json" }, body, ({ data }) => resolve(data), reject, parsed);
  });
}

module.exports = { createFakeWx, codesFrom, phoneEvent };
