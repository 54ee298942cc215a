module.exports = {
  // Where the server includes wxlogin.api.urls, with a slash at the end.
  baseUrl: "http://127.0.0.1:8000/api/wechat/",
  // Empty for the real WeChat, and then with your own AppID in project.config.json.
  fakeWeChat: "http://127.0.0.1:8765",
};
