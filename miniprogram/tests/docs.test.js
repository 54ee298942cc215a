"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const { createRequire } = require("node:module");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");
const { createClient } = require("../miniprogram_dist/wxlogin");
const { createFakeWx, codesFrom, phoneEvent } = require("../testing");
const harness = require("./harness");

const { PNG, phone, rejection } = harness;
const bench = harness.bench(test);

const HERE = path.join(__dirname, "..");
const DOCS = path.join(HERE, "..", "docs");
const PAGES = [path.join(DOCS, "mini-program.md"), path.join(DOCS, "mini-program.zh-CN.md")];
const READMES = [path.join(HERE, "README.md"), path.join(HERE, "README.zh-CN.md")];

const read = (page) => fs.readFileSync(page, "utf8");

function blocks(page) {
  return Array.from(read(page).matchAll(/```(\w+)\n([^]*?)```/g), ([, language, code]) => ({ language, code }));
}

/**
 * Write the page's code blocks as files into a folder that has the package, like in a mini-program. Replace the
 * addresses by those of the test servers.
 */
function makeProject(t, page) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wxlogin-docs-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.mkdirSync(path.join(folder, "node_modules"));
  fs.symlinkSync(HERE, path.join(folder, "node_modules", "wxlogin"));
  blocks(page)
    .filter(({ language }) => language === "js")
    .forEach(({ code }) => {
      const file = path.join(folder, /^\/\/ (\S+)\n/.exec(code)[1]);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      const local = code
        .replace("https://example.com", bench.wire.url)
        .replace("http://127.0.0.1:8000", bench.server.url)
        .replace("http://127.0.0.1:8765", bench.server.fakeWeChat);
      fs.writeFileSync(file, local);
    });
  return folder;
}

/** Run a page's file and open the page: return it after its onLoad. */
async function openPage(folder, file, wx) {
  let page;
  Object.assign(global, { wx, Page: (definition) => (page = definition) });
  try {
    createRequire(path.join(folder, "app.js"))(`./${file}`);
    page.setData = (fields) => Object.assign(page.data, fields);
    await page.onLoad();
  } finally {
    delete global.wx;
    delete global.Page;
  }
  return page;
}

for (const page of [...PAGES, ...READMES]) {
  const name = path.relative(path.join(HERE, ".."), page);

  test(`the example of ${name} has ten lines and sends a logged-in request`, async (t) => {
    const [first, second] = blocks(page).map(({ code }) => code);
    const lines = (first + second).split("\n").filter((line) => line.trim() && !line.startsWith("//"));
    assert.equal(lines.length, 10);

    const { data } = await openPage(makeProject(t, page), "pages/index/index.js", newPersonWx());

    assert.equal(data.sessions.length, 1);
    assert.equal(data.sessions[0].current, true);
  });

  test(`the links of ${name} point to existing files`, () => {
    for (const [, link] of read(page).matchAll(/\]\(([^)h][^)]*)\)/g)) {
      assert.ok(fs.existsSync(path.join(path.dirname(page), link)), link);
    }
  });
}

for (const readme of ["README.md", "README.zh-CN.md"]) {
  test(`the client's example in the project's ${readme} works`, async () => {
    const { code } = blocks(path.join(HERE, "..", readme)).find(({ language }) => language === "js");
    const local = code.replace("https://example.com", bench.wire.url).replace("/api/orders/", "/api/wechat/me/");
    const wxlogin = { createClient: (options) => createClient({ ...options, wx: newPersonWx() }) };

    const { id } = await new Promise((resolve) =>
      new Function("require", "console", local)(() => wxlogin, { log: resolve }),
    );

    assert.ok(id);
  });
}

for (const page of PAGES) {
  const name = path.basename(page);

  test(`the example with phone, nickname, avatar and sign-out in ${name} works`, async (t) => {
    const wx = newPersonWx();
    wx.fake.files.set("wxfile://tmp", PNG);
    const me = await openPage(makeProject(t, page), "pages/me/me.js", wx);
    const html = blocks(page).find(({ language }) => language === "html").code;
    const handlers = Array.from(html.matchAll(/\bbind\w+="(\w+)"/g), ([, handler]) => handler);
    assert.deepEqual(handlers, ["onPhone", "onAvatar", "onNickname", "onSignOut", "onSignIn"]);

    await me.onSignIn();
    await me.onPhone({ detail: { errMsg: "getPhoneNumber:fail user deny" } });
    assert.equal(me.data.notice, "");
    await me.onPhone(await phoneEvent(bench.server.fakeWeChat, wx.openid));
    await me.onAvatar({ detail: { avatarUrl: "wxfile://tmp" } });
    await me.onNickname({ detail: { value: { nickname: "韩梅梅" } } });

    const { nickname, avatar, phone_bound: isBound } = me.data.user;
    assert.deepEqual([nickname, typeof avatar, isBound], ["韩梅梅", "string", true]);
    await me.onNickname({ detail: { value: { nickname: "" } } });
    assert.equal(me.data.notice, "Please try again");
    await me.onSignOut();
    assert.equal(me.data.user, null);
    me.onUnload();
    await me.onSignIn();
    // The page has removed its listeners.
    assert.equal(me.data.user, null);
  });

  test(`the example test of ${name} passes`, (t) => {
    const run = spawnSync("node", ["--test", "login.test.js"], {
      cwd: makeProject(t, page),
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });

    assert.equal(run.status, 0, run.stdout);
    assert.match(run.stdout, /pass 1\b/);
  });

  test(`${name} lists ten mistakes with the messages that they cause`, async () => {
    const table = read(page)
      .split("\n")
      .filter((line) => /^\| `(?:domain|network|http|auth|wechat|privacy)\b[^`,]*[: _]/.test(line));
    const documented = table.map((line) => /^\| `([^`]+)`/.exec(line)[1]);
    assert.equal(documented.length, MISTAKES.length);

    for (const [index, make] of MISTAKES.entries()) {
      const error = await make();
      assert.ok(error.message.startsWith(documented[index]), `${error.message} / ${documented[index]}`);
    }
  });

  test(`${name} names the error codes of the phone button`, async () => {
    const named = Array.from(read(page).matchAll(/`wechat (phone_\w+|base_library_too_old)`/g), ([, code]) => code);
    const details = [
      { errMsg: "getPhoneNumber:fail no permission" },
      { errMsg: "getPhoneNumber:fail", errno: 1400001 },
      { errMsg: "getPhoneNumber:ok" },
    ];
    const old = phone(bench, { sdkVersion: "2.10.0" });
    const codes = [];
    for (const detail of details) codes.push((await rejection(old.client.bindPhone({ detail }))).code);

    assert.deepEqual(named, codes);
  });

  test(`${name} names the members and error kinds of the types`, () => {
    const types = read(path.join(HERE, "miniprogram_dist", "wxlogin.d.ts"));
    const kinds = Array.from(/export type ErrorKind =([^;]+);/.exec(types)[1].matchAll(/"(\w+)"/g), ([, kind]) => kind);
    const [, inTable] = /\| kind \|[^\n]*\n[^\n]*\n([^]*?)\n\n/.exec(read(page));
    const documented = inTable.split("\n").flatMap((row) => row.split("|")[1].match(/\w+/g));
    assert.deepEqual(documented.sort(), kinds.sort());

    const { client } = phone(bench);
    const [, members] = /`ready\(\)` \|([^]*?)\n\n/.exec(read(page));
    const named = ["ready", ...Array.from(members.matchAll(/^\| `(\w+)/gm), ([, member]) => member), "signedIn"];
    assert.deepEqual(named.sort(), Object.keys(client).sort());
  });
}

test("both languages have the same code blocks", () => {
  for (const [one, other] of [PAGES, READMES]) assert.deepEqual(blocks(one), blocks(other));
});

// One function for each row of the table, in the same order. It makes the mistake.
const MISTAKES = [
  async () => {
    const alice = phone(bench);
    alice.fake.domains = [];
    return rejection(alice.client.ready());
  },
  async () => {
    const alice = phone(bench);
    alice.fake.uploadDomains = [];
    alice.fake.files.set("wxfile://tmp", "");
    return rejection(alice.client.updateProfile({ avatarPath: "wxfile://tmp" }));
  },
  () => rejection(clientAt("http://127.0.0.1:1/api/wechat/").ready()),
  () => rejection(clientAt(`${bench.server.url}/api/`).ready()),
  () => rejection(phone(bench, { code: () => "of-another-app" }).client.ready()),
  () => rejection(phone(bench, { code: () => "the code is a mock one" }).client.ready()),
  () => {
    const fields = { appid: ["This field is required."] };
    bench.wire.fault("login/", { status: 400, body: { code: "invalid_request", detail: "…", fields } });
    return rejection(phone(bench).client.ready());
  },
  async () => {
    await bench.server.wechat("faults", { path: "/sns/jscode2session", errcode: 40125, times: 1 });
    return rejection(phone(bench).client.ready());
  },
  () => {
    const errMsg = "getPhoneNumber:fail api scope is not declared in the privacy agreement";
    return rejection(phone(bench).client.bindPhone({ detail: { errMsg, errno: 112 } }));
  },
  () => rejection(phone(bench).client.updateProfile({ nickname: "" })),
];

function newPersonWx() {
  const { openid } = phone(bench);
  return Object.assign(createFakeWx({ code: codesFrom(bench.server.fakeWeChat, openid) }), { openid });
}

/** Return a client for `baseUrl` whose login codes are invalid. */
function clientAt(baseUrl) {
  return createClient({ baseUrl, wx: createFakeWx({ code: () => "made-up" }), timeout: harness.TIMEOUT });
}
