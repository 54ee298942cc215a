const { createClient } = require("wxlogin");
const { baseUrl, fakeWeChat } = require("./config");
const { fakeAt } = require("./fake-wechat");

const real = { wx, phoneEvent: (event) => Promise.resolve(event) };
const isFake = Boolean(fakeWeChat);
const { wx: platform, phoneEvent } = isFake ? fakeAt(fakeWeChat, wx) : real;

const client = createClient({ baseUrl, wx: platform });

/** Signs the same person in on what the server takes for another phone: it has tokens of its own, and keeps none. */
function signInOnAnotherPhone() {
  const storage = { get: () => null, set() {}, remove() {} };
  return createClient({ baseUrl, wx: platform, storage }).ready();
}

module.exports = { client, phoneEvent, signInOnAnotherPhone, isFake };
