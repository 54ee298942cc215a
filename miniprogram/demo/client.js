const { createClient } = require("wxlogin");
const { baseUrl, fakeWeChat } = require("./config");
const { createFakeWeChat } = require("./fake-wechat");

const real = { wx, phoneEvent: (event) => Promise.resolve(event) };
const isFake = Boolean(fakeWeChat);
const { wx: platform, phoneEvent } = isFake ? createFakeWeChat(fakeWeChat, wx) : real;

const client = createClient({ baseUrl, wx: platform });

/**
 * Sign the same person in with a second client. It has its own tokens, so the server sees it as another phone. It
 * stores nothing.
 */
function signInOnAnotherPhone() {
  const storage = { get: () => null, set() {}, remove() {} };
  return createClient({ baseUrl, wx: platform, storage }).ready();
}

module.exports = { client, phoneEvent, signInOnAnotherPhone, isFake };
