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

/** "Mi 15 · WeChat 8.0.61" of a user agent, as far as it says so. */
function deviceOf(userAgent) {
  const names = DEVICES.map(({ pattern, name }) => {
    const match = pattern.exec(userAgent);
    return match ? name(match) : "";
  });
  const wechat = /MicroMessenger\/([\d.]+)/.exec(userAgent);
  const parts = [names.find(Boolean), wechat && `WeChat ${wechat[1]}`].filter(Boolean);
  return parts.join(" · ") || texts.unknownDevice;
}

function agoOf(time) {
  const passed = Date.now() - Date.parse(time);
  const say = (text, unit) => text.replace("{n}", Math.floor(passed / unit));
  if (passed >= DAY) return say(texts.daysAgo, DAY);
  if (passed >= HOUR) return say(texts.hoursAgo, HOUR);
  if (passed >= MINUTE) return say(texts.minutesAgo, MINUTE);
  return texts.justNow;
}

/** A row of the page's list, of what sessions/ says. */
function rowOf({ id, user_agent: userAgent, ip, last_seen_at: seen, current: isThisPhone }) {
  return { id, device: deviceOf(userAgent), trace: [agoOf(seen), ip].filter(Boolean).join(" · "), isThisPhone };
}

module.exports = { rowOf };
