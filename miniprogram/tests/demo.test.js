// Tests of the demo's page: they call it like the developer tools do, against the server of `make demo`.
"use strict";

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, it, mock } = require("node:test");
const { createFakeWx } = require("../testing");

const ROOT = path.join(__dirname, "..", "..");
const DEMO = path.join(ROOT, "miniprogram", "demo");
const PYTHON = process.env.PYTHON || path.join(ROOT, ".venv", "bin", "python");
// The time in milliseconds that the demo has to start.
const START_TIMEOUT = 30000;
// The event of the phone button under a test AppID, after the person agreed.
const AGREED = { detail: { errMsg: "getPhoneNumber:fail no permission" } };
const REFUSED = { detail: { errMsg: "getPhoneNumber:fail user deny" } };

const CLIENT = path.join(ROOT, "miniprogram", "miniprogram_dist", "wxlogin.js");
const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => (name === "wxlogin" ? CLIENT : resolve.call(Module, name, ...rest));

/** Start `manage.py demo` on free ports. Return the addresses that it prints. */
async function startDemo() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wxlogin-demo-"));
  const environment = { DJANGO_DEBUG: "1", DATABASE_URL: `sqlite:///${folder}/demo.sqlite3`, REDIS_URL: "" };
  const child = spawn(PYTHON, ["manage.py", "demo", "--port", "0", "--fake-port", "0"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const ended = new Promise((done) => child.once("exit", done));
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const output = await readStartOutput(child, ended);
  return {
    baseUrl: find(/baseUrl: "(.+)"/, output),
    fakeWeChat: find(/fakeWeChat: "(.+)"/, output),
    async stop() {
      kill();
      await ended;
      fs.rmSync(folder, { recursive: true });
    },
  };
}

/**
 * Return the output of a command up to the line that names Ctrl-C. Stop earlier if the command ends or takes too long.
 */
async function readStartOutput(child, ended) {
  let output = "";
  const complete = new Promise((done) => {
    // Keep reading until the command ends: a command whose output is not read would fail.
    child.stdout.setEncoding("utf8").on("data", (part) => {
      output += part;
      if (output.includes("Ctrl-C")) done();
    });
  });
  const timeout = new Promise((done) => setTimeout(done, START_TIMEOUT).unref());
  await Promise.race([complete, ended, timeout]);
  return output;
}

function find(pattern, text) {
  const match = pattern.exec(text);
  assert.ok(match, `${pattern} in ${text}`);
  return match[1];
}

/** Run a page's file and return the page with a setData that works. */
function openPage(name) {
  let page;
  global.Page = (definition) => (page = definition);
  require(path.join(DEMO, name));
  page.setData = (fields) => {
    Object.values(fields).forEach((value) => assert.notEqual(value, undefined));
    Object.assign(page.data, JSON.parse(JSON.stringify(fields)));
  };
  return page;
}

function requireAgain(name) {
  const file = path.join(DEMO, name);
  delete require.cache[file];
  return require(file);
}

/** Return the expressions in the curly brackets of a template, without string literals. */
function expressions(wxml) {
  return Array.from(wxml.matchAll(/{{(.+?)}}/g), ([, inner]) => inner.replace(/'[^']*'/g, ""));
}

describe("the demo", () => {
  const platform = createFakeWx();
  const { fake } = platform;
  let demo;
  let app;
  let page;

  const addFault = (fault) => fetch(`${demo.fakeWeChat}/_fake/faults`, { method: "POST", body: JSON.stringify(fault) });
  const otherSessions = () => page.data.sessions.filter((session) => !session.isThisPhone);
  const tapOn = (session) => ({ currentTarget: { dataset: { id: session.id } } });

  before(async () => {
    demo = await startDemo();
    // The demo warns developers on the console.
    mock.method(console, "warn", () => {});
    global.wx = Object.freeze({ ...platform, stopPullDownRefresh() {} });
    global.App = (definition) => (app = definition);
    Object.assign(require(path.join(DEMO, "config.js")), { baseUrl: demo.baseUrl, fakeWeChat: demo.fakeWeChat });
    require(path.join(DEMO, "app.js"));
    page = openPage("pages/index/index.js");
  });

  after(() => demo.stop());

  it("has the handlers, the data and the texts that its template uses", () => {
    const wxml = fs.readFileSync(path.join(DEMO, "pages/index/index.wxml"), "utf8");
    const handlers = Array.from(wxml.matchAll(/\bbind\w+="(\w+)"/g), ([, name]) => name);
    const names = expressions(wxml).flatMap((inner) => inner.match(/(?<![\w.])[a-z]\w*/gi) || []);
    const words = expressions(wxml).flatMap((inner) => Array.from(inner.matchAll(/\bt\.(\w+)/g), ([, word]) => word));

    assert.ok(handlers.length > 5 && names.length > 20 && words.length > 20);
    handlers.forEach((name) => assert.equal(typeof page[name], "function", name));
    names.filter((name) => name !== "item").forEach((name) => assert.ok(name in page.data, name));
    words.forEach((word) => assert.ok(page.data.t[word], word));
  });

  it("uses Chinese for a Chinese phone, else English", () => {
    const { wx } = global;
    const labels = ["zh_CN", "en", "fr", null].map((language) => {
      global.wx = language ? { getAppBaseInfo: () => ({ language }) } : {};
      return requireAgain("texts.js").texts.signIn;
    });
    global.wx = wx;

    assert.deepEqual(labels, ["登录", "Sign in", "Sign in", "Sign in"]);
  });

  it("signs the person in at the start, with one code", async () => {
    assert.equal(page.data.state, "signing-in");
    app.onLaunch();
    await page.onLoad();

    assert.equal(page.data.state, "in");
    assert.equal(page.data.name, "未设置昵称");
    assert.deepEqual(
      page.data.sessions.map(({ isThisPhone, device }) => [isThisPhone, device]),
      [[true, "WeChat 8.0.60"]],
    );
    assert.equal(page.data.sessions[0].trace, "刚刚 · 127.0.0.1");
    assert.equal(fake.calls.filter(({ url }) => url.endsWith("/_fake/codes")).length, 1);
    assert.equal(fake.calls.filter(({ api }) => api === "login").length, 0);
  });

  it("shows a quiet note if the person refuses the phone button", async () => {
    await page.onPhone(REFUSED);

    assert.deepEqual(page.data.note, { section: "phone", text: page.data.t.refused, isQuiet: true });
    assert.equal(page.data.isPhoneBound, false);
  });

  it("binds a phone number", async () => {
    await page.onPhone(AGREED);

    assert.equal(page.data.note.text, "");
    assert.equal(page.data.isPhoneBound, true);
    assert.equal(page.data.busy, "");
  });

  it("saves a nickname", async () => {
    await page.onNickname({ detail: { value: { nickname: "🍵 Tea" } } });

    assert.deepEqual([page.data.name, page.data.initial, page.data.note.text], ["🍵 Tea", "🍵", page.data.t.saved]);
  });

  it("shows an error for a bad nickname or a missing picture", async () => {
    await page.onNickname({ detail: { value: { nickname: " " } } });
    assert.deepEqual(page.data.note, { section: "profile", text: page.data.t.nicknameBlank, isQuiet: false });

    await page.onAvatar({ detail: { avatarUrl: "wxfile://gone.png" } });
    assert.equal(page.data.note.text, page.data.t.fileMissing);
    assert.equal(page.data.name, "🍵 Tea");
  });

  it("signs another phone out", async () => {
    await page.onAnotherPhone();
    assert.equal(otherSessions().length, 1);

    await page.onSignOutThere(tapOn(otherSessions()[0]));
    assert.equal(otherSessions().length, 0);

    await page.onPullDownRefresh();
    assert.deepEqual(
      page.data.sessions.map((session) => session.isThisPhone),
      [true],
    );
  });

  it("signs out, and signs the same person in again", async () => {
    await page.onSignOut();
    assert.equal(page.data.state, "out");

    await page.signIn();
    assert.deepEqual([page.data.state, page.data.name, page.data.isPhoneBound], ["in", "🍵 Tea", true]);
    assert.equal(page.data.sessions.length, 1);
  });

  it("signs out everywhere", async () => {
    await page.onAnotherPhone();
    assert.equal(page.data.sessions.length, 2);

    await page.onSignOutEverywhere();
    assert.equal(page.data.state, "out");

    await page.signIn();
    assert.equal(page.data.sessions.length, 1);
  });

  it("keeps the person signed in without a network", async () => {
    fake.isOffline = true;
    await page.loadSessions();
    fake.isOffline = false;

    assert.equal(page.data.state, "in");
    assert.deepEqual(page.data.note, { section: "sessions", text: page.data.t.noConnection, isQuiet: false });
  });

  it("fails to sign in without a network, and signs in once the network is back", async () => {
    await page.onSignOut();
    fake.isOffline = true;
    await page.signIn();
    fake.isOffline = false;

    assert.equal(page.data.state, "problem");
    assert.equal(page.data.problem.title, page.data.t.offline);
    assert.ok(page.data.problem.sentence);

    await page.signIn();
    assert.equal(page.data.state, "in");
  });

  it("shows a blocked person the message of the server", async () => {
    await page.onSignOut();
    await addFault({ path: "/sns/jscode2session", errcode: 40226, times: 1 });
    await page.signIn();

    assert.equal(page.data.state, "problem");
    assert.equal(page.data.problem.title, page.data.t.blocked);
    assert.equal(page.data.problem.sentence, "微信不允许该账号登录。");
    assert.ok(page.data.problem.requestId);
  });

  it("ignores events after it is closed", async () => {
    await page.signIn();
    page.onUnload();
    await page.onSignOut();

    assert.equal(page.data.state, "in");
  });
});
