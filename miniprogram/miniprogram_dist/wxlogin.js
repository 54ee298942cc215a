/* wxlogin 0.1.0, MIT licence: login in a WeChat mini-program, so that its pages can forget about it. */
"use strict";

const VERSION = "0.1.0";
const TIMEOUT = 15000; // milliseconds of one call; WeChat's own default is a minute
const LATE = 200; // milliseconds after which a platform that overstays its time-out is given up
const SLOTS = 9; // WeChat runs ten calls at a time: one is left for the renewal that the others wait for
const MARGIN = 60; // seconds before its end at which an access token is renewed, at most a fifth of its life
const PHONE_SINCE = "2.21.2"; // the base library from which on the phone button gives a code
const PHONE_QUOTA = 1400001; // errno of a phone button whose paid calls are used up
const NO_APPID = "the code is a mock one"; // wx.login's code in developer tools without an AppID

// A 401 in these words is wxlogin's; another may be a proxy's, or of an endpoint with a mind of its own.
const REFUSALS = ["token_invalid", "session_ended", "code_invalid"];

// What the platform's errMsg means; the first that matches. Whatever else it says is the network's fault, or WeChat's.
const FAILURES = [
  { pattern: /interrupted/, kind: "interrupted", retryable: true },
  { pattern: /timed?[ _]?out/i, kind: "timeout", retryable: true },
  { pattern: /domain list|合法域名|invalid url/i, kind: "domain" },
  { pattern: /privacy/, kind: "privacy" },
  { pattern: /deny|cancel/, kind: "denied" },
  { pattern: /network|net::/i, kind: "network", retryable: true },
  { pattern: /^getPhoneNumber.*(no permission|denied)/, kind: "wechat", code: "phone_not_allowed" },
  { pattern: /method is invalid|parameter|not a function/, kind: "wechat", code: "bad_call" },
  { pattern: /file not found|no such file/i, kind: "wechat", code: "file_missing" },
];

// What a developer should look at, by code or else by kind.
const HINTS = {
  appid_missing: "The server has several apps: give createClient the appid.",
  bad_answer: "wxlogin did not write this answer. Is baseUrl where the server includes wxlogin.api.urls?",
  base_library_too_old: `The phone button needs base library ${PHONE_SINCE}.`,
  code_invalid: "Do the mini-program (project.config.json) and the server have the same AppID?",
  domain: "Add the server to the request and uploadFile domains in the WeChat console (https only).",
  logged_out: "After logout() only ready() signs in again.",
  network: "Is the server up, and can a phone reach its address? 127.0.0.1 is the phone itself.",
  nickname_blank: "No nickname, or WeChat blanked it as unsafe. Read it from the form's submit.",
  no_appid: "The developer tools have no AppID: use a test AppID.",
  phone_not_allowed: "Phone numbers are for verified accounts that are not personal.",
  phone_quota: "The paid calls of the phone button are used up.",
  privacy: "Declare it in the WeChat console's privacy guideline.",
  unknown_app: "createClient's appid is not among the server's APPS.",
  wechat_misconfigured: "The server's AppID or AppSecret is wrong: run manage.py wxlogin_doctor.",
};

class WxLoginError extends Error {
  constructor(
    kind,
    { status = 0, code = "", reason = "", detail = "", requestId = "", retryable = false, hint = code },
  ) {
    const advice = HINTS[hint] || HINTS[kind] || "";
    super([[kind, status, code].filter(Boolean).join(" "), detail, advice].filter(Boolean).join(": "));
    Object.assign(this, { name: "WxLoginError", kind, status, code, reason, detail, requestId, retryable });
  }
}

/** The error behind the platform's `fail`, which gets { errMsg, errno }. */
function platformError(api, fail, requestId) {
  const errMsg = String((fail && fail.errMsg) || fail);
  const kind = api === "request" || api === "uploadFile" ? "network" : "wechat";
  const { pattern, ...known } = FAILURES.find((each) => each.pattern.test(errMsg)) || {
    pattern: null,
    kind,
    retryable: true,
  };
  return new WxLoginError(known.kind, { ...known, detail: errMsg, requestId });
}

/** The error behind an answer that is no 2xx, or one that says something else than what was asked for. */
function answerError({ statusCode: status, data, requestId }, suspicion = "") {
  const body = data && typeof data === "object" ? data : {};
  const text = (name) => (typeof body[name] === "string" ? body[name] : "");
  const isGood = status < 300;
  const code = isGood ? "bad_answer" : text("code");
  const isBlocked = status === 403 && (code === "user_blocked" || code === "account_disabled");
  return new WxLoginError(isBlocked ? "blocked" : status === 401 ? "auth" : "http", {
    status,
    code,
    reason: text("reason"),
    detail: text("detail"),
    requestId,
    retryable: isGood || status === 408 || status === 429 || status >= 500,
    hint: body.fields && body.fields.appid ? "appid_missing" : code || suspicion,
  });
}

/** wxlogin itself says no to a token or a code. */
function isRefused(error) {
  return error.status === 401 && REFUSALS.includes(error.code);
}

function isTokens(data) {
  return data && [data.access, data.refresh].every((each) => each && typeof each === "string");
}

/** "https://host" of an absolute URL. It is compared with our own as text, so that "user@" or "\\" never match. */
function originOf(url) {
  const match = /^(https?):\/\/([^/?#]+)/i.exec(url);
  if (!match) return "";
  const scheme = match[1].toLowerCase();
  return `${scheme}://${match[2].toLowerCase().replace(scheme === "https" ? /:443$/ : /:80$/, "")}`;
}

function isAtLeast(version, floor) {
  const [have, need] = [version, floor].map((each) => each.split(".").map(Number));
  const position = need.findIndex((part, index) => part !== have[index]);
  return position < 0 || have[position] > need[position];
}

function newRequestId() {
  const part = () => Math.random().toString(36).slice(2, 10);
  return part() + part();
}

function headerOf(answer, name) {
  const found = Object.keys(answer.header || {}).find((each) => each.toLowerCase() === name);
  return found ? String(answer.header[found]) : "";
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return text;
  }
}

/** `promise`, and `done` once it has settled, one way or the other. */
function afterwards(promise, done) {
  promise.then(done, done);
  return promise;
}

/** `promise`, or after `ms` a rejection with what `late` returns. */
function within(ms, promise, late) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    afterwards(promise, () => clearTimeout(timer)).then(resolve, reject);
  });
}

/** Runs at most `limit` of what it is given at a time; the rest in the order in which it came. */
function turnstile(limit) {
  const waiting = [];
  let running = 0;
  return async (run) => {
    if (running < limit) running += 1;
    else await new Promise((enter) => waiting.push(enter)); // gets the place of the one that leaves
    return afterwards(run(), () => (waiting.length ? waiting.shift()() : (running -= 1)));
  };
}

/** What is under way for one promise of a page, be it the first try or the second: abort and progress. */
class Task {
  constructor() {
    this.listeners = [];
    this.aborted = new Promise((_, reject) => (this.giveUp = reject));
  }

  start(current) {
    this.current = current || {};
    this.listeners.forEach((listener) => this.listen(listener));
  }

  listen(listener) {
    if (this.current && this.current.onProgressUpdate) this.current.onProgressUpdate(listener);
  }

  /** `work` as a promise with the methods of the platform's own task. */
  promise(work) {
    return Object.assign(Promise.race([work, this.aborted]), {
      abort: () => {
        this.isAborted = true;
        this.giveUp(new WxLoginError("interrupted", { code: "aborted" }));
        if (this.current && this.current.abort) this.current.abort();
      },
      onProgressUpdate: (listener) => {
        this.listeners.push(listener);
        this.listen(listener);
      },
    });
  }
}

function storageOf(platform) {
  return {
    get: (key) => platform.getStorageSync(key),
    set: (key, value) => platform.setStorageSync(key, value),
    remove: (key) => platform.removeStorageSync(key),
  };
}

/** @type {typeof import("./wxlogin").createClient} */
function createClient({ baseUrl, appid, wx: given, storage: ownStorage, timeout: limit, now = Date.now }) {
  const platform = given || (typeof wx === "undefined" ? null : wx);
  const origin = originOf(baseUrl);
  if (!platform) throw new Error("wxlogin: there is no wx here; give createClient one");
  if (!origin) throw new Error("wxlogin: baseUrl must look like https://example.com/api/wechat/");
  const base = baseUrl.replace(/\/*$/, "/");
  const storage = ownStorage || storageOf(platform);
  const key = `wxlogin:${base}`; // one server's tokens are never shown to another
  const takeTurn = turnstile(SLOTS);
  const timeout = limit || TIMEOUT;
  const listeners = new Map(["signed-in", "renewed", "profile", "signed-out"].map((name) => [name, new Set()]));

  let session = null; // { access, refresh, from: when they came, lifetime: seconds of access, user }
  let era = 0; // moves on when somebody is signed out, and what began before brings nobody back
  let over = null; // the error that ended the era before
  let isClosed = false; // from logout() until ready()
  let isKeyStale = false; // the server has not got WeChat's latest key, as far as is known
  let underWay = {}; // by name, the promise of what is done once for everybody who asks meanwhile
  let about = null;
  let written = Promise.resolve();
  let loading = null; // the promise of what was kept, where that takes a while; null again once it is there
  loading = load();

  // What is kept between launches: one text under one key.

  function load() {
    try {
      const kept = storage.get(key);
      if (kept && kept.then) return within(timeout, kept, () => null).then(restore, restore);
      restore(kept);
    } catch (error) {
      // A storage that can't be read is like an empty one.
    }
    return null;
  }

  function restore(text) {
    const kept = parsed(text);
    if (isTokens(kept) && !over) session = kept; // unless there was a logout meanwhile
    loading = null;
    return kept;
  }

  /** Writes follow each other, and each writes what is true when its turn comes. */
  function save() {
    written = written
      .then(() => (session ? storage.set(key, JSON.stringify(session)) : storage.remove(key)))
      .catch(() => {}); // a full storage: the session lives on until the mini-program closes
  }

  function emit(name, ...values) {
    Array.from(listeners.get(name)).forEach((listener) => {
      try {
        listener(...values);
      } catch (error) {
        console.error(error); // the page's own mistake, which must not become that of a login
      }
    });
  }

  // Layers: `call` is one call of the platform, `attempt` one try on the wire with our headers, `authorized` a try with a
  // token and another after a 401, `send` a page's call, `ask` one of wxlogin's own endpoints.

  /** Settles also where the platform does not. */
  function call(api, options, { ms = timeout, task = new Task(), requestId = "" } = {}) {
    const answered = new Promise((success, fail) => {
      const current = platform[api]({ ...options, timeout: ms, success, fail });
      if (current && current.catch) current.catch(() => {}); // Taro's are promises too
      task.start(current);
    });
    const late = () => {
      if (task.current && task.current.abort) task.current.abort();
      return { errMsg: `${api}:fail timeout` };
    };
    return within(ms + LATE, answered, late).catch((fail) => {
      throw platformError(api, fail, requestId);
    });
  }

  /** One try on the wire. Resolves with whatever the server said. */
  async function attempt(api, asked, access, task) {
    if (task && task.isAborted) return task.aborted;
    const { timeout: ms, header, ...options } = asked;
    const requestId = newRequestId();
    const sent = originOf(options.url) === origin ? ownHeader(header, access, requestId) : header;
    const answer = (await call(api, { ...options, header: sent }, { ms: ms || timeout, task, requestId })) || {};
    const { statusCode, header: got } = answer;
    const data = api === "uploadFile" ? parsed(answer.data) : answer.data;
    return { statusCode, data, header: got, requestId: headerOf(answer, "x-request-id") || requestId };
  }

  /** Base library and language. Asked for once, since the platform stands still meanwhile. */
  function aboutApp() {
    try {
      about = about || (platform.getAppBaseInfo ? platform.getAppBaseInfo() : platform.getSystemInfoSync());
    } catch (error) {
      // A platform that does not say.
    }
    return (about = about || {});
  }

  function ownHeader(header, access, requestId) {
    const sent = { "X-Request-ID": requestId, "X-Wxlogin-Client": VERSION };
    const { language } = aboutApp();
    if (language) sent["Accept-Language"] = language.replace("_", "-"); // the server's sentences are for people
    Object.keys(header || {}).forEach((name) => {
      if (!/^(authorization|x-request-id)$/i.test(name)) sent[name] = header[name];
    });
    if (access) sent.Authorization = `Bearer ${access}`;
    return sent;
  }

  // Tokens: which one to send, and how to come by another.

  function age() {
    return (now() - session.from) / 1000; // by our own clock twice, so that a wrong one does no harm
  }

  function isDue() {
    return age() >= session.lifetime - Math.min(MARGIN, session.lifetime / 5);
  }

  function isOver() {
    return session.isRefused || age() >= session.lifetime;
  }

  /** A token for what began in the era `born`, and not `refused`. Waits for a renewal only where it has to. */
  async function tokenFor(born, refused) {
    if (loading) await loading;
    if (born !== era || isClosed) throw over;
    if (!session || session.access === refused || isOver()) return renew();
    if (isDue()) renew(); // and if that fails: the margin is there for this, what is held still does
    return session.access;
  }

  /** What `start` promises, or what it promised to who asked for the same and still waits. A rejection counts as seen. */
  function once(name, start) {
    if (!underWay[name]) {
      const among = underWay;
      among[name] = afterwards(start(), () => delete among[name]);
    }
    return underWay[name];
  }

  function renew(how = session ? refresh : logIn) {
    return once("renewal", () => how(era));
  }

  async function refresh(born) {
    let tokens;
    try {
      tokens = await askForTokens("token/refresh/", { refresh: session.refresh });
    } catch (error) {
      if (born !== era) throw over;
      if (error.kind === "blocked") signOut(error);
      if (error.kind === "blocked" || error.retryable || !error.status) throw error;
      return logIn(born, !isRefused(error)); // also if it was not wxlogin that refused
    }
    return keep(tokens, born, "renewed");
  }

  /** `isSpare`: what is held is good, and lost only to a block. */
  async function logIn(born, isSpare = false) {
    let tokens;
    try {
      tokens = await exchange(born);
    } catch (error) {
      if (born !== era) throw over;
      if (error.kind === "blocked" || (!isSpare && isRefused(error))) signOut(error);
      throw error;
    }
    isKeyStale = false;
    return keep(tokens, born, "signed-in");
  }

  /** A code is fetched right before it is sent, and never sent twice. */
  async function exchange(born, isLast = false) {
    const { code } = await call("login", {});
    isKeyStale = true; // until the server has it
    if (born !== era) throw over;
    if (!code || code === NO_APPID) throw new WxLoginError("wechat", { code: "no_appid", retryable: !code });
    try {
      return await askForTokens("login/", appid ? { code, appid } : { code });
    } catch (error) {
      if (isLast || error.code !== "code_invalid") throw error;
      return exchange(born, true);
    }
  }

  async function askForTokens(path, data) {
    const answer = await attempt("request", { url: base + path, method: "POST", data });
    if (answer.statusCode !== 200 || !isTokens(answer.data)) throw answerError(answer, "bad_answer");
    return answer.data;
  }

  function keep(tokens, born, event) {
    if (born !== era) {
      revoke(tokens);
      throw over;
    }
    const { access, refresh: token, expires_in: lifetime, user = session && session.user } = tokens;
    session = { access, refresh: token, from: now(), lifetime, user };
    save();
    emit(event, user);
    return access;
  }

  function signOut(error) {
    const isNews = session || !over || over.code !== error.code;
    session = null;
    underWay = {};
    era += 1;
    over = error;
    save();
    if (isNews) emit("signed-out", error.code, error);
  }

  /** Ends a session on the server, as far as that can be had. */
  async function revoke({ access, refresh: token }, everywhere = false) {
    const end = (valid) => attempt("request", { url: `${base}logout/`, method: "POST", data: { everywhere } }, valid);
    try {
      const answer = await end(access);
      if (answer.statusCode === 401) await end((await askForTokens("token/refresh/", { refresh: token })).access);
    } catch (error) {
      // It ends by itself when it has been idle.
    }
  }

  // What WeChat encrypts opens on the server only while the server has WeChat's latest key.

  async function checkKey(born) {
    if (!isKeyStale) {
      isKeyStale = true; // unless WeChat says otherwise, or a login comes meanwhile
      await call("checkSession", {}).then(
        () => (isKeyStale = false),
        () => {},
      );
    }
    if (underWay.renewal) await underWay.renewal.catch(() => {}); // it can be a login, or end in one
    if (born !== era) throw over;
    if (!isKeyStale) return;
    const before = session;
    await renew(() => logIn(born, true));
    revoke(before);
  }

  // Calls of the page.

  function send(api, options) {
    const task = new Task();
    const url = String(options && options.url);
    const target = /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `${origin}/${url.replace(/^\//, "")}`;
    const tryOnce = (access) => takeTurn(() => attempt(api, { ...options, url: target }, access, task));
    const work = originOf(target) === origin ? authorized(tryOnce) : tryOnce();
    return task.promise(work.then(onlyGood));
  }

  async function authorized(tryOnce) {
    const born = era;
    const access = await tokenFor(born);
    const answer = await tryOnce(access);
    if (answer.statusCode !== 401) return answer;
    // In wxlogin's own words it is the token's fault, and no other call needs to find that out.
    if (isRefused(answerError(answer)) && session && session.access === access) session.isRefused = true;
    return tryOnce(await tokenFor(born, access));
  }

  function onlyGood(answer) {
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    throw answerError(answer);
  }

  /** What one of wxlogin's own endpoints says; that of a hotel's login page is an error. */
  async function ask(api, path, options) {
    const answer = await send(api, { ...options, url: base + path });
    if (!answer.data || typeof answer.data !== "object") throw answerError(answer);
    return answer.data;
  }

  function learn(user, born) {
    if (born !== era) throw over;
    session = { ...session, user };
    save();
    emit("profile", user);
  }

  /** Why the phone button's event has no code. */
  function phoneError({ errMsg = "", errno }) {
    if (errno === PHONE_QUOTA) return new WxLoginError("wechat", { code: "phone_quota", detail: errMsg });
    if (/:fail/.test(errMsg)) return platformError("getPhoneNumber", { errMsg });
    const isOld = !isAtLeast(aboutApp().SDKVersion || "0", PHONE_SINCE);
    return new WxLoginError("wechat", { code: isOld ? "base_library_too_old" : "phone_code_missing" });
  }

  async function bind(event) {
    const detail = (event && event.detail) || {};
    const { code } = detail;
    if (!code) throw phoneError(detail);
    const born = era;
    const phone = await ask("request", "phone/", { method: "POST", data: { code } });
    learn({ ...client.user, phone_bound: true }, born);
    return phone;
  }

  const client = {
    async ready(options) {
      isClosed = false;
      const born = era;
      await tokenFor(born);
      if (options && options.sessionKey) await once("key check", () => checkKey(born));
      if (born !== era) throw over;
      return client.user;
    },

    request: (options) => send("request", options),

    upload: (options) => send("uploadFile", options),

    bindPhone: (event) => once("phone", () => bind(event)),

    async updateProfile(profile) {
      const { nickname, avatarPath } = profile || {};
      const born = era;
      const isNamed = typeof nickname === "string";
      if (isNamed && !nickname.trim()) throw new WxLoginError("wechat", { code: "nickname_blank" });
      if (isNamed) learn(await ask("request", "me/", { method: "PUT", data: { nickname } }), born);
      if (avatarPath) learn(await ask("uploadFile", "me/avatar/", { filePath: avatarPath, name: "avatar" }), born);
      return client.user;
    },

    async logout(options) {
      const holding = session || loading;
      isClosed = true;
      signOut(new WxLoginError("auth", { code: "logged_out" }));
      const held = await holding;
      const told = isTokens(held) ? revoke(held, Boolean(options && options.everywhere)) : null;
      await within(timeout, Promise.all([told, written]), () => null).catch(() => {});
    },

    on(name, listener) {
      const set = listeners.get(name);
      if (!set) throw new Error(`wxlogin: no event is named ${name}`);
      set.add(listener);
      return () => set.delete(listener);
    },

    get user() {
      return session ? session.user : null;
    },

    get signedIn() {
      return session !== null;
    },
  };
  return client;
}

module.exports = { createClient, WxLoginError };
