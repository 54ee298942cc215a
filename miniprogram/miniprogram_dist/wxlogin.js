/* wxlogin 0.1.0, MIT licence: the client that handles login in a WeChat mini-program. */
"use strict";

const VERSION = "0.1.0";
// Milliseconds that one call may take. WeChat's own default is a minute.
const TIMEOUT = 15000;
// Milliseconds to wait after the time-out for the platform to report it.
const GRACE = 200;
// WeChat runs ten calls at a time. One slot stays free for the renewal that the other calls wait for.
const SLOTS = 9;
// An access token is renewed this many seconds before it expires, but at most a fifth of its lifetime before.
const MARGIN = 60;
// The first base library whose phone button returns a code.
const PHONE_SINCE = "2.21.2";
// The errno of the phone button when the paid calls are used up.
const PHONE_QUOTA = 1400001;
// The code that wx.login returns in developer tools without an AppID.
const NO_APPID = "the code is a mock one";

// A 401 with one of these codes comes from wxlogin. Any other 401 may come from a proxy or from the project's own
// endpoint.
const REFUSALS = ["token_invalid", "session_ended", "code_invalid"];

// The meaning of the platform's errMsg. The first pattern that matches wins. If none matches, platformError picks the
// kind by the API: "network" for a call on the wire, "wechat" for the rest.
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

// Advice for the developer, by error code, or by kind if the code has none.
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

/** Return the error for what the platform passed to `fail`: { errMsg, errno }. */
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

/** Return the error for an answer that is not a 2xx, or for a 2xx whose body is not the expected one. */
function answerError({ statusCode: status, data, requestId }, fallbackHint = "") {
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
    hint: body.fields && body.fields.appid ? "appid_missing" : code || fallbackHint,
  });
}

/** True if wxlogin itself refused a token or a code. */
function isRefused(error) {
  return error.status === 401 && REFUSALS.includes(error.code);
}

function isTokens(data) {
  return data && [data.access, data.refresh].every((each) => each && typeof each === "string");
}

/**
 * Return the "https://host" of an absolute URL, or "". It is compared with our own origin as text, so a URL with
 * "user@" or "\\" never matches.
 */
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

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return text;
  }
}

/** Return `promise`, and call `done` when it has settled. */
function runAfter(promise, done) {
  promise.then(done, done);
  return promise;
}

/** Settle like `promise`, or reject with the result of `onTimeout` after `ms` milliseconds. */
function withTimeout(ms, promise, onTimeout) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(onTimeout()), ms);
    runAfter(promise, () => clearTimeout(timer)).then(resolve, reject);
  });
}

/**
 * Return a function that runs tasks, at most `limit` at a time. The other tasks wait in a first-in, first-out queue.
 */
function createLimiter(limit) {
  const queue = [];
  let running = 0;
  return async (run) => {
    if (running < limit) running += 1;
    // A task that ends hands its slot to the first one in the queue, so `running` stays the same.
    else await new Promise((start) => queue.push(start));
    return runAfter(run(), () => (queue.length ? queue.shift()() : (running -= 1)));
  };
}

/** Abort and progress for one call of a page. They work for the first try and for the second. */
class Task {
  constructor() {
    this.listeners = [];
    this.aborted = new Promise((_, reject) => (this.reject = reject));
  }

  /** Use `current`, the platform's own task, from now on. */
  start(current) {
    this.current = current || {};
    this.listeners.forEach((listener) => this.listen(listener));
  }

  listen(listener) {
    if (this.current && this.current.onProgressUpdate) this.current.onProgressUpdate(listener);
  }

  /** Return `work` as a promise that has the methods of the platform's own task. */
  promise(work) {
    return Object.assign(Promise.race([work, this.aborted]), {
      abort: () => {
        this.isAborted = true;
        this.reject(new WxLoginError("interrupted", { code: "aborted" }));
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
function createClient({
  baseUrl,
  appid,
  wx: customPlatform,
  storage: customStorage,
  timeout: customTimeout,
  now = Date.now,
}) {
  const platform = customPlatform || (typeof wx === "undefined" ? null : wx);
  const origin = originOf(baseUrl);
  if (!platform) throw new Error("wxlogin: there is no wx here; give createClient one");
  if (!origin) throw new Error("wxlogin: baseUrl must look like https://example.com/api/wechat/");
  const base = baseUrl.replace(/\/*$/, "/");
  const storage = customStorage || storageOf(platform);
  // The key holds the server's address, so that one server never gets the tokens of another.
  const key = `wxlogin:${base}`;
  const runInSlot = createLimiter(SLOTS);
  const timeout = customTimeout || TIMEOUT;
  const listeners = new Map(["signed-in", "renewed", "profile", "signed-out"].map((name) => [name, new Set()]));

  // { access, refresh, from: time when the tokens came, lifetime: seconds that `access` is valid, user }
  let session = null;
  // Each sign-out adds one. Work compares it with the number from its start, so that an old answer can't sign anybody
  // in.
  let generation = 0;
  // The error of the sign-out that ended the last generation.
  let endedBy = null;
  // True from logout() until ready().
  let isLoggedOut = false;
  // True if the server may not have WeChat's latest session_key.
  let isKeyStale = false;
  // The promises of work that runs once for all callers, by name.
  let pending = {};
  let appInfo = null;
  let lastWrite = Promise.resolve();
  // The promise of the stored session while an asynchronous storage reads it, else null.
  let pendingLoad = null;
  pendingLoad = load();

  // Storage: the session is kept between launches as one text under one key.

  function load() {
    try {
      const stored = storage.get(key);
      if (stored && stored.then) return withTimeout(timeout, stored, () => null).then(restore, restore);
      restore(stored);
    } catch (error) {
      // A storage that can't be read counts as empty.
    }
    return null;
  }

  function restore(text) {
    const stored = parseJson(text);
    // After a logout that came while the storage was read, the stored session is not used.
    if (isTokens(stored) && !endedBy) session = stored;
    pendingLoad = null;
    return stored;
  }

  /** Write the session after all earlier writes. Each write takes the value at the time when it runs. */
  function save() {
    lastWrite = lastWrite
      .then(() => (session ? storage.set(key, JSON.stringify(session)) : storage.remove(key)))
      // If the storage is full, the session lasts until the mini-program closes.
      .catch(() => {});
  }

  function emit(name, ...values) {
    Array.from(listeners.get(name)).forEach((listener) => {
      try {
        listener(...values);
      } catch (error) {
        // An error in a page's listener must not make the login fail.
        console.error(error);
      }
    });
  }

  // Layers, from the lowest to the highest:
  // - `call` makes one call of the platform.
  // - `sendOnce` sends one request with our headers.
  // - `sendWithToken` sends a request with a token, and once more with a new token after a 401.
  // - `send` makes a call for a page.
  // - `askServer` calls one of wxlogin's own endpoints.

  /** Call the platform. The promise settles even if the platform never calls back. */
  function call(api, options, { ms = timeout, task = new Task(), requestId = "" } = {}) {
    const answered = new Promise((success, fail) => {
      const current = platform[api]({ ...options, timeout: ms, success, fail });
      // Taro returns a promise as well. Its rejection is handled through `fail`.
      if (current && current.catch) current.catch(() => {});
      task.start(current);
    });
    const onTimeout = () => {
      if (task.current && task.current.abort) task.current.abort();
      return { errMsg: `${api}:fail timeout` };
    };
    return withTimeout(ms + GRACE, answered, onTimeout).catch((fail) => {
      throw platformError(api, fail, requestId);
    });
  }

  /** Send one request. Resolve with the server's answer, whatever its status. */
  async function sendOnce(api, request, access, task) {
    if (task && task.isAborted) return task.aborted;
    const { timeout: ms, header, ...options } = request;
    const requestId = newRequestId();
    const sentHeader = originOf(options.url) === origin ? buildHeader(header, access, requestId) : header;
    const answer = (await call(api, { ...options, header: sentHeader }, { ms: ms || timeout, task, requestId })) || {};
    const { statusCode, header: answerHeader } = answer;
    const data = api === "uploadFile" ? parseJson(answer.data) : answer.data;
    return { statusCode, data, header: answerHeader, requestId: headerOf(answer, "x-request-id") || requestId };
  }

  /** Return the base library version and the language. Read them once: the call blocks the mini-program. */
  function getAppInfo() {
    try {
      appInfo = appInfo || (platform.getAppBaseInfo ? platform.getAppBaseInfo() : platform.getSystemInfoSync());
    } catch (error) {
      // The platform has no such information.
    }
    return (appInfo = appInfo || {});
  }

  function buildHeader(header, access, requestId) {
    const sent = { "X-Request-ID": requestId, "X-Wxlogin-Client": VERSION };
    const { language } = getAppInfo();
    // The server writes its messages for people in this language.
    if (language) sent["Accept-Language"] = language.replace("_", "-");
    Object.keys(header || {}).forEach((name) => {
      if (!/^(authorization|x-request-id)$/i.test(name)) sent[name] = header[name];
    });
    if (access) sent.Authorization = `Bearer ${access}`;
    return sent;
  }

  // Tokens: choose the one to send, and renew it.

  function tokenAge() {
    // Both times come from the phone's clock, so a clock that is wrong does no harm.
    return (now() - session.from) / 1000;
  }

  function isRenewalDue() {
    return tokenAge() >= session.lifetime - Math.min(MARGIN, session.lifetime / 5);
  }

  function isUnusable() {
    return session.isRefused || tokenAge() >= session.lifetime;
  }

  /**
   * Return an access token other than `refused` for work that began in `ownGeneration`. Wait for a renewal only if the
   * token at hand can't be used.
   */
  async function getToken(ownGeneration, refused) {
    if (pendingLoad) await pendingLoad;
    if (ownGeneration !== generation || isLoggedOut) throw endedBy;
    if (!session || session.access === refused || isUnusable()) return renew();
    // If this renewal fails, the token at hand is still valid, and a later call tries again.
    if (isRenewalDue()) renew();
    return session.access;
  }

  /**
   * Start the work called `name`, or return the promise of the same work if it is running already. A rejection never
   * counts as unhandled.
   */
  function runShared(name, start) {
    if (!pending[name]) {
      // A sign-out replaces `pending`, and this entry must then not be deleted from the new one.
      const current = pending;
      current[name] = runAfter(start(), () => delete current[name]);
    }
    return pending[name];
  }

  function renew(getTokens = session ? refresh : logIn) {
    return runShared("renewal", () => getTokens(generation));
  }

  async function refresh(ownGeneration) {
    let tokens;
    try {
      tokens = await requestTokens("token/refresh/", { refresh: session.refresh });
    } catch (error) {
      if (ownGeneration !== generation) throw endedBy;
      if (error.kind === "blocked") signOut(error);
      if (error.kind === "blocked" || error.retryable || !error.status) throw error;
      // Log in also if a proxy refused the refresh token. The session is then still good, and is kept if the login
      // fails.
      return logIn(ownGeneration, !isRefused(error));
    }
    return setSession(tokens, ownGeneration, "renewed");
  }

  /** Log in. With `keepsSession`, a refused login does not end the session at hand; only a block does. */
  async function logIn(ownGeneration, keepsSession = false) {
    let tokens;
    try {
      tokens = await exchangeCode(ownGeneration);
    } catch (error) {
      if (ownGeneration !== generation) throw endedBy;
      if (error.kind === "blocked" || (!keepsSession && isRefused(error))) signOut(error);
      throw error;
    }
    isKeyStale = false;
    return setSession(tokens, ownGeneration, "signed-in");
  }

  /**
   * Get a code from WeChat and exchange it for tokens right away. A code is never sent twice: if the server refuses it,
   * try once more with a new one.
   */
  async function exchangeCode(ownGeneration, isRetry = false) {
    const { code } = await call("login", {});
    // A new code can bring a new session_key, which the server gets only with this code.
    isKeyStale = true;
    if (ownGeneration !== generation) throw endedBy;
    if (!code || code === NO_APPID) throw new WxLoginError("wechat", { code: "no_appid", retryable: !code });
    try {
      return await requestTokens("login/", appid ? { code, appid } : { code });
    } catch (error) {
      if (isRetry || error.code !== "code_invalid") throw error;
      return exchangeCode(ownGeneration, true);
    }
  }

  async function requestTokens(path, data) {
    const answer = await sendOnce("request", { url: base + path, method: "POST", data });
    if (answer.statusCode !== 200 || !isTokens(answer.data)) throw answerError(answer, "bad_answer");
    return answer.data;
  }

  function setSession(tokens, ownGeneration, event) {
    if (ownGeneration !== generation) {
      revoke(tokens);
      throw endedBy;
    }
    const { access, refresh: refreshToken, expires_in: lifetime, user = session && session.user } = tokens;
    session = { access, refresh: refreshToken, from: now(), lifetime, user };
    save();
    emit(event, user);
    return access;
  }

  function signOut(error) {
    const isNew = session || !endedBy || endedBy.code !== error.code;
    session = null;
    pending = {};
    generation += 1;
    endedBy = error;
    save();
    if (isNew) emit("signed-out", error.code, error);
  }

  /** End a session on the server. A failure is ignored. */
  async function revoke({ access, refresh: refreshToken }, everywhere = false) {
    const end = (accessToken) =>
      sendOnce("request", { url: `${base}logout/`, method: "POST", data: { everywhere } }, accessToken);
    try {
      const answer = await end(access);
      if (answer.statusCode === 401) {
        const renewed = await requestTokens("token/refresh/", { refresh: refreshToken });
        await end(renewed.access);
      }
    } catch (error) {
      // The session expires by itself when it is no longer used.
    }
  }

  // The session_key: the server can decrypt WeChat's encrypted data only with the latest one.

  async function checkKey(ownGeneration) {
    if (!isKeyStale) {
      // The key counts as stale until WeChat says that it is valid, or until a login sends a new one.
      isKeyStale = true;
      await call("checkSession", {}).then(
        () => (isKeyStale = false),
        () => {},
      );
    }
    // The renewal can be a login, or can end in one, which sends a new key.
    if (pending.renewal) await pending.renewal.catch(() => {});
    if (ownGeneration !== generation) throw endedBy;
    if (!isKeyStale) return;
    const oldSession = session;
    await renew(() => logIn(ownGeneration, true));
    revoke(oldSession);
  }

  // The calls that a page makes.

  function send(api, options) {
    const task = new Task();
    const url = String(options && options.url);
    const target = /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `${origin}/${url.replace(/^\//, "")}`;
    const tryOnce = (access) => runInSlot(() => sendOnce(api, { ...options, url: target }, access, task));
    const work = originOf(target) === origin ? sendWithToken(tryOnce) : tryOnce();
    return task.promise(work.then(requireSuccess));
  }

  async function sendWithToken(tryOnce) {
    const ownGeneration = generation;
    const access = await getToken(ownGeneration);
    const answer = await tryOnce(access);
    if (answer.statusCode !== 401) return answer;
    // wxlogin itself refused the token. Mark it, so that no other call sends it.
    if (isRefused(answerError(answer)) && session && session.access === access) session.isRefused = true;
    return tryOnce(await getToken(ownGeneration, access));
  }

  function requireSuccess(answer) {
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    throw answerError(answer);
  }

  /**
   * Return the data of one of wxlogin's own endpoints. An answer without JSON, such as a captive portal's page, is an
   * error.
   */
  async function askServer(api, path, options) {
    const answer = await send(api, { ...options, url: base + path });
    if (!answer.data || typeof answer.data !== "object") throw answerError(answer);
    return answer.data;
  }

  function updateUser(user, ownGeneration) {
    if (ownGeneration !== generation) throw endedBy;
    session = { ...session, user };
    save();
    emit("profile", user);
  }

  /** Return the error for an event of the phone button that has no code. */
  function phoneError({ errMsg = "", errno }) {
    if (errno === PHONE_QUOTA) return new WxLoginError("wechat", { code: "phone_quota", detail: errMsg });
    if (/:fail/.test(errMsg)) return platformError("getPhoneNumber", { errMsg });
    const isOld = !isAtLeast(getAppInfo().SDKVersion || "0", PHONE_SINCE);
    return new WxLoginError("wechat", { code: isOld ? "base_library_too_old" : "phone_code_missing" });
  }

  async function bind(event) {
    const detail = (event && event.detail) || {};
    const { code } = detail;
    if (!code) throw phoneError(detail);
    const ownGeneration = generation;
    const phone = await askServer("request", "phone/", { method: "POST", data: { code } });
    updateUser({ ...client.user, phone_bound: true }, ownGeneration);
    return phone;
  }

  const client = {
    async ready(options) {
      isLoggedOut = false;
      const ownGeneration = generation;
      await getToken(ownGeneration);
      if (options && options.sessionKey) await runShared("key check", () => checkKey(ownGeneration));
      if (ownGeneration !== generation) throw endedBy;
      return client.user;
    },

    request: (options) => send("request", options),

    upload: (options) => send("uploadFile", options),

    bindPhone: (event) => runShared("phone", () => bind(event)),

    async updateProfile(profile) {
      const { nickname, avatarPath } = profile || {};
      const ownGeneration = generation;
      const isNamed = typeof nickname === "string";
      if (isNamed && !nickname.trim()) throw new WxLoginError("wechat", { code: "nickname_blank" });
      if (isNamed) updateUser(await askServer("request", "me/", { method: "PUT", data: { nickname } }), ownGeneration);
      if (avatarPath) {
        const file = { filePath: avatarPath, name: "avatar" };
        updateUser(await askServer("uploadFile", "me/avatar/", file), ownGeneration);
      }
      return client.user;
    },

    async logout(options) {
      const lastSession = session || pendingLoad;
      isLoggedOut = true;
      signOut(new WxLoginError("auth", { code: "logged_out" }));
      const tokens = await lastSession;
      const revoked = isTokens(tokens) ? revoke(tokens, Boolean(options && options.everywhere)) : null;
      await withTimeout(timeout, Promise.all([revoked, lastWrite]), () => null).catch(() => {});
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
