// A `wx` for tests in Node: it sends real HTTP and otherwise behaves like the platform.
"use strict";

const { Buffer } = require("buffer");
const { createMethod } = require("./callbacks");
const { fakeNetwork } = require("./network");
const { fakeStorage } = require("./storage");
const { parseBody, sendHttp } = require("./wire");

// Milliseconds in the background after which the platform interrupts calls.
const INTERRUPTED_AFTER = 5000;

/**
 * @param {import("./index").FakeOptions} options
 * @returns {import("./index").FakeWx}
 */
function createFakeWx({ code, sdkVersion = "3.8.0", referer = "", interruptedAfter = INTERRUPTED_AFTER } = {}) {
  const storage = fakeStorage();
  const fake = {
    calls: [],
    files: new Map(),
    storage: storage.items,
    domains: null,
    uploadDomains: null,
    downloadDomains: null,
    isOffline: false,
    isKeyExpired: false,
    loginFails: "",
    sdkVersion,
    mostAtOnce: 0,
    inBackground: false,
  };
  const { background, foreground, ...network } = fakeNetwork(fake, { referer, interruptedAfter });
  const getAppInfo = () => ({ SDKVersion: fake.sdkVersion, language: "zh_CN" });

  return {
    fake: Object.assign(fake, { background, foreground }),
    ...network,

    login: createMethod("login", async () => {
      fake.calls.push({ api: "login" });
      if (fake.loginFails === "hangs") await new Promise(() => {});
      if (fake.loginFails || fake.isOffline) throw new Error(fake.loginFails || "network error");
      if (!code) throw new Error("createFakeWx was given no code()");
      const fresh = await code();
      fake.isKeyExpired = false;
      return { code: fresh };
    }),

    checkSession: createMethod("checkSession", () => {
      fake.calls.push({ api: "checkSession" });
      if (fake.isKeyExpired) throw new Error("session time out, need relogin");
    }),

    getAppBaseInfo: getAppInfo,
    getSystemInfoSync: getAppInfo,
    ...storage.api,
  };
}

/**
 * Return a `code()` for `createFakeWx`. It gets codes for `openid` from a running fake WeChat (`manage.py fakewechat`).
 */
function codesFrom(fakeWeChat, openid, appid) {
  return async () => {
    const { code } = await post(`${fakeWeChat}/_fake/codes`, { openid, appid });
    return code;
  };
}

/** Return the event of the phone button after the person `openid` tapped it and agreed. */
async function phoneEvent(fakeWeChat, openid, appid) {
  const { code } = await post(`${fakeWeChat}/_fake/phone-codes`, { openid, appid });
  return { type: "getphonenumber", detail: { errMsg: "getPhoneNumber:ok", code } };
}

function post(url, fields) {
  return new Promise((resolve, reject) => {
    const call = { url, method: "POST", header: {}, body: Buffer.from(JSON.stringify(fields)) };
    const onFailure = (reason) => reject(new Error(`${url}: ${reason}`));
    sendHttp(call, ({ data }) => resolve(parseBody(data)), onFailure);
  });
}

module.exports = { createFakeWx, codesFrom, phoneEvent };
