// Stands between this demo and wx, so that somebody made up can log in: their codes come from a fake WeChat.

const KEY = "demo:openid";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** One person per device, so that the next launch finds the same one. */
function openidOf(platform) {
  const kept = platform.getStorageSync(KEY);
  if (kept) return kept;
  const letter = () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)];
  const openid = `o${Array.from({ length: 27 }, letter).join("")}`;
  platform.setStorageSync(KEY, openid);
  return openid;
}

/**
 * What to use in place of wx and of the phone button's events.
 * @param {string} address
 * @param {WechatMiniprogram.Wx} platform
 */
function fakeAt(address, platform) {
  function newCode(kind, timeout = 10000) {
    return new Promise((resolve, reject) => {
      platform.request({
        url: `${address}/_fake/${kind}`,
        method: "POST",
        data: { openid: openidOf(platform) },
        timeout,
        success: ({ statusCode, data }) => {
          const { code } = Object(data);
          if (code) resolve(code);
          else reject({ errMsg: `the fake WeChat answered ${statusCode}` });
        },
        fail: reject,
      });
    });
  }

  function login({ timeout, success, fail }) {
    newCode("codes", timeout).then(
      (code) => success({ errMsg: "login:ok", code }),
      ({ errMsg }) => fail({ errMsg: `login:fail ${errMsg}` }),
    );
  }

  /** The button's event, with a code that the fake WeChat knows. A refusal stays one. */
  function phoneEvent(event) {
    if (/deny|cancel/.test(String(event.detail.errMsg))) return Promise.resolve(event);
    return newCode("phone-codes").then(
      (code) => ({ detail: { errMsg: "getPhoneNumber:ok", code } }),
      ({ errMsg }) => ({ detail: { errMsg: `getPhoneNumber:fail ${errMsg}` } }),
    );
  }

  // wx is inherited, not copied or changed: its methods need be neither enumerable nor writable.
  return { wx: Object.create(platform, { login: { value: login } }), phoneEvent };
}

module.exports = { fakeAt };
