// A `wx` for tests in Node: real HTTP behind the platform's own manners.
"use strict";

const { Buffer } = require("buffer");
const { answering } = require("./callbacks");
const { fakeNetwork } = require("./network");
const { fakeStorage } = require("./storage");
const { exchange, read } = require("./wire");

const INTERRUPTED_AFTER = 5000; // milliseconds in the background

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
  const about = () => ({ SDKVersion: fake.sdkVersion, language: "zh_CN" });

  return {
    fake: Object.assign(fake, { background, foreground }),
    ...network,

    login: answering("login", async () => {
      fake.calls.push({ api: "login" });
      if (fake.loginFails === "hangs") await new Promise(() => {});
      if (fake.loginFails || fake.isOffline) throw new Error(fake.loginFails || "network error");
      if (!code) throw new Error("createFakeWx was given no code()");
      const fresh = await code();
      fake.isKeyExpired = false;
      return { code: fresh };
    }),

    checkSession: answering("checkSession", () => {
      fake.calls.push({ api: "checkSession" });
      if (fake.isKeyExpired) throw new Error("session time out, need relogin");
    }),

    getAppBaseInfo: about,
    getSystemInfoSync: about,
    ...storage.api,
  };
}

/** A `code()` for `createFakeWx`: codes of somebody whom a running fake WeChat (`manage.py fakewechat`) knows. */
function codesFrom(fakeWeChat, openid, appid) {
  return async () => {
    const { code } = await ask(`${fakeWeChat}/_fake/codes`, { openid, appid });
    return code;
  };
}

/** The event of a phone button that `openid` tapped and agreed to. */
async function phoneEvent(fakeWeChat, openid, appid) {
  const { code } = await ask(`${fakeWeChat}/_fake/phone-codes`, { openid, appid });
  return { type: "getphonenumber", detail: { errMsg: "getPhoneNumber:ok", code } };
}

function ask(url, fields) {
  return new Promise((resolve, reject) => {
    const call = { url, method: "POST", header: {}, body: Buffer.from(JSON.stringify(fields)) };
    const failed = (reason) => reject(new Error(`${url}: ${reason}`));
    exchange(call, ({ data }) => resolve(read(data)), failed);
  });
}

module.exports = { createFakeWx, codesFrom, phoneEvent };
