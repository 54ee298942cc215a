// Tests of the demo's page, compiled with WeChat's own compiler.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");
const tools = require("./tools");

const DEMO = path.join(__dirname, "..", "demo");
const INDEX = "pages/index/index.wxml";

const compiler = () => require(path.join(tools.FOLDER, "node_modules", "miniprogram-compiler"));

/** Render the page with `data` into a tree of tags, attributes and texts. */
function render(folder, data) {
  const templates = new Function("window", compiler().wxmlToJs(folder))({});
  return templates(INDEX)(data);
}

function nodes(tree) {
  return [tree, ...(tree.children || []).flatMap((child) => (typeof child === "object" ? nodes(child) : [child]))];
}

const texts = (tree) => nodes(tree).filter((node) => typeof node === "string" && node.trim());
const handlers = (tree) =>
  nodes(tree).flatMap(({ attr = {} }) =>
    Object.keys(attr)
      .filter((name) => name.startsWith("bind"))
      .map((name) => attr[name]),
  );

const words = new Proxy({}, { get: (_, name) => `[${String(name)}]` });
const page = {
  t: words,
  isFake: false,
  problem: {},
  note: {},
  sessions: [],
  busy: "",
  name: "",
  initial: "",
  avatar: "",
};

test("C24 each state of the page shows its own texts", (t) => {
  if (tools.areMissing(t)) return;
  const shown = (data) => texts(render(DEMO, { ...page, ...data }));

  assert.deepEqual(shown({ state: "signing-in" }), ["[signingIn]"]);
  assert.ok(shown({ state: "out" }).includes("[signIn]"));
  const problem = { title: "No", sentence: "Blocked.", reason: "spam", requestId: "r-1" };
  assert.deepEqual(shown({ state: "problem", problem }), [
    "!",
    "No",
    "Blocked.",
    "[reason]spam",
    "[tryAgain]",
    "[reference]r-1",
  ]);
});

test("C24 a signed-in person sees their name, their sessions and each button", (t) => {
  if (tools.areMissing(t)) return;
  const sessions = [
    { id: "1", device: "Mi 15", trace: "just now", isThisPhone: true },
    { id: "2", device: "iPhone <b>", trace: "yesterday", isThisPhone: false },
  ];

  const tree = render(DEMO, { ...page, state: "in", name: "韩梅梅", sessions });

  const shownTexts = texts(tree);
  ["韩梅梅", "Mi 15", "iPhone <b>", "[thisPhone]", "[signOutThere]"].forEach((text) =>
    assert.ok(shownTexts.includes(text), text),
  );
  const named = ["onAvatar", "onNickname", "onPhone", "onSignOutThere", "onSignOut", "onSignOutEverywhere"];
  named.forEach((name) => assert.ok(handlers(tree).includes(name), name));
  const there = nodes(tree).find(({ attr = {} }) => attr.bindtap === "onSignOutThere");
  assert.equal(there.attr["data-id"] || there.attr.dataId, "2");
});

test("C24 the styles compile, and a broken template fails to compile", (t) => {
  if (tools.areMissing(t)) return;
  assert.match(compiler().wxssToJs(DEMO), /index\.wxss/);
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), "wxlogin-template-"));
  t.after(() => fs.rmSync(copy, { recursive: true }));
  fs.mkdirSync(path.join(copy, "pages", "index"), { recursive: true });
  const broken = fs.readFileSync(path.join(DEMO, INDEX), "utf8").replace("</form>", "");
  fs.writeFileSync(path.join(copy, INDEX), broken);

  assert.throws(() => render(copy, page));
});
