// Each text in Simplified Chinese and in English.
const TEXTS = {
  signingIn: ["正在登录…", "Signing in…"],
  signedIn: ["已登录", "Signed in"],
  nameless: ["未设置昵称", "No nickname yet"],
  signedOut: ["已退出登录", "You are signed out"],
  signedOutHint: ["再次登录不用输入任何内容。", "Signing in again takes no typing."],
  signIn: ["登录", "Sign in"],
  signOut: ["退出登录", "Sign out"],
  signOutEverywhere: ["在所有设备上退出", "Sign out everywhere"],

  blocked: ["此账号不能登录", "This account can’t sign in"],
  offline: ["连接不上", "Can’t connect"],
  failed: ["登录失败", "Signing in failed"],
  reason: ["原因：", "Reason: "],
  reference: ["编号：", "Reference: "],
  tryAgain: ["重试", "Try again"],

  profile: ["个人资料", "Profile"],
  avatar: ["头像", "Picture"],
  changeAvatar: ["更换头像", "Change picture"],
  nickname: ["昵称", "Nickname"],
  nicknameHint: ["请输入昵称", "Your nickname"],
  save: ["保存", "Save"],
  saved: ["已保存", "Saved"],
  phone: ["手机号", "Phone number"],
  bindPhone: ["绑定", "Bind"],
  phoneBound: ["已绑定", "Bound"],

  sessions: ["登录设备", "Where you are signed in"],
  thisPhone: ["本机", "This phone"],
  signOutThere: ["退出", "Sign out there"],
  unknownDevice: ["未知设备", "Unknown device"],
  developerTools: ["微信开发者工具", "WeChat developer tools"],
  justNow: ["刚刚", "just now"],
  minutesAgo: ["{n} 分钟前", "{n} min ago"],
  hoursAgo: ["{n} 小时前", "{n} h ago"],
  daysAgo: ["{n} 天前", "{n} d ago"],
  anotherPhone: ["在另一台手机上登录（模拟）", "Sign in on another phone (simulated)"],
  noAccount: ["演示模式：没有用到微信账号", "Demo: no WeChat account is involved"],

  noConnection: ["网络连接不上，请检查网络后重试。", "There is no connection. Check your network and try again."],
  tooSlow: ["等待的时间太长了，请重试。", "That took too long. Please try again."],
  notAccepted: ["登录没有成功，请重试。", "The login was not accepted. Please try again."],
  refused: ["你没有授权，随时可以再试。", "You said no, which is fine. You can change your mind at any time."],
  privacy: ["需要先同意隐私保护指引。", "Please agree to the privacy guideline first."],
  wechatTrouble: ["微信功能暂时不可用，请稍后重试。", "That can’t be had from WeChat now. Please try again later."],
  wechatTooOld: ["请把微信更新到最新版本。", "Please update WeChat."],
  nicknameBlank: [
    "昵称为空，或未通过微信的安全检测，请重新输入。",
    "Please enter a nickname. WeChat may have taken out the one you typed.",
  ],
  fileMissing: ["图片已失效，请重新选择。", "The picture is gone. Please choose it again."],
  serverTrouble: ["服务暂时不可用，请稍后重试。", "The service is out of order. Please try again later."],
  ourFault: ["出了点问题，我们会尽快修复。", "Something is wrong on our side."],
};

function isChinese() {
  try {
    return wx.getAppBaseInfo().language.startsWith("zh");
  } catch (error) {
    // An old base library does not have getAppBaseInfo.
    return false;
  }
}

/** @returns {Record<keyof typeof TEXTS, string>} */
function pickLanguage() {
  const column = isChinese() ? 0 : 1;
  const texts = /** @type {any} */ ({});
  Object.keys(TEXTS).forEach((name) => (texts[name] = TEXTS[name][column]));
  return texts;
}

module.exports = { texts: pickLanguage() };
