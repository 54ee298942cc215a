module.exports = {
  // The address where the server includes wxlogin.api.urls, with a slash at the end.
  baseUrl: "http://127.0.0.1:8000/api/wechat/",
  // The address of the fake WeChat. To use the real WeChat, set it to "" and put your own AppID into
  // project.config.json.
  fakeWeChat: "http://127.0.0.1:8765",
};
