const { texts } = require("./texts");

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DEVICES = [
  { pattern: /wechatdevtools/, name: () => texts.developerTools },
  { pattern: /iPhone|iPad/, name: (match) => match[0] },
  { pattern: /Android [\d.]+; ([^;)]+?)(?: Build|[;)])/, name: (match) => match[1] },
  { pattern: /Windows|Macintosh|Linux/, name: (match) => match[0] },
];

/**
 * Return the device and the WeChat version of a user agent, such as "Mi 15 · WeChat 8.0.61". Leave out what is unknown.
 */
function deviceOf(userAgent) {
  const names = DEVICES.map(({ pattern, name }) => {
    const match = pattern.exec(userAgent);
    return match ? name(match) : "";
  });
  const wechat = /MicroMessenger\/([\d.]+)/.exec(userAgent);
  const parts = [names.find(Boolean), wechat && `WeChat ${wechat[1]}`].filter(Boolean);
  return parts.join(" · ") || texts.unknownDevice;
}

function timeAgo(time) {
  const passed = Date.now() - Date.parse(time);
  const format = (text, unit) => text.replace("{n}", Math.floor(passed / unit));
  if (passed >= DAY) return format(texts.daysAgo, DAY);
  if (passed >= HOUR) return format(texts.hoursAgo, HOUR);
  if (passed >= MINUTE) return format(texts.minutesAgo, MINUTE);
  return texts.justNow;
}

/** Return the row of the page's list for one session from sessions/. */
function rowOf({ id, user_agent: userAgent, ip, last_seen_at: seen, current: isThisPhone }) {
  return { id, device: deviceOf(userAgent), trace: [timeAgo(seen), ip].filter(Boolean).join(" · "), isThisPhone };
}

module.exports = { rowOf };
