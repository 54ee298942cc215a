// Replaces wx.login, so that an invented person can log in: the codes come from a fake WeChat.

const KEY = "demo:openid";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Return the openid of the person on this device. It is stored, so the next launch finds the same person. */
function getOpenid(platform) {
  const stored = platform.getStorageSync(KEY);
  if (stored) return stored;
  const letter = () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)];
  const openid = `o${Array.from({ length: 27 }, letter).join("")}`;
  platform.setStorageSync(KEY, openid);
  return openid;
}

/**
 * Return a replacement for wx and a function that replaces the phone button's events.
 * @param {string} address
 * @param {WechatMiniprogram.Wx} platform
 */
function createFakeWeChat(address, platform) {
  function newCode(kind, timeout = 10000) {
    return new Promise((resolve, reject) => {
      platform.request({
        url: `${address}/_fake/${kind}`,
        method: "POST",
        data: { openid: getOpenid(platform) },
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

  /** Return the button's event with a code from the fake WeChat. If the person refused, return the event as it is. */
  function phoneEvent(event) {
    if (/deny|cancel/.test(String(event.detail.errMsg))) return Promise.resolve(event);
    return newCode("phone-codes").then(
      (code) => ({ detail: { errMsg: "getPhoneNumber:ok", code } }),
      ({ errMsg }) => ({ detail: { errMsg: `getPhoneNumber:fail ${errMsg}` } }),
    );
  }

  // Inherit from wx instead of copying or changing it: its methods may be non-enumerable or read-only.
  return { wx: Object.create(platform, { login: { value: login } }), phoneEvent };
}

module.exports = { createFakeWeChat };
