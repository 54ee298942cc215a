"use strict";

const assert = require("node:assert/strict");
const { execFileSync, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");
const acorn = require("acorn");
const { minify } = require("terser");
const tools = require("./tools");

const HERE = path.join(__dirname, "..");
const DIST = path.join(HERE, "miniprogram_dist");
const MAX_MINIFIED = 10000; // bytes

const source = (name) => fs.readFileSync(path.join(DIST, name), "utf8");
const described = JSON.parse(fs.readFileSync(path.join(HERE, "package.json"), "utf8"));

/** Install the archive that npm would publish into a new folder. Return the folder and the files of the archive. */
function installPackage(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "wxlogin-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const npm = (...args) =>
    execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const [{ filename, files }] = JSON.parse(npm("pack", "--json", HERE));
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "app", private: true }));
  npm("install", "--offline", "--no-audit", "--no-fund", `./${filename}`);
  return { folder, files: files.map((file) => file.path) };
}

test("C18 the client is ES2018, because the oldest parsers know nothing newer", () => {
  for (const name of ["wxlogin.js", "index.js"]) {
    acorn.parse(source(name), { ecmaVersion: 2018, sourceType: "script" });
  }
  assert.throws(() => acorn.parse("a?.b", { ecmaVersion: 2018 }));
});

test(`C18 the client has at most ${MAX_MINIFIED} bytes when minified, and no dependency`, async () => {
  const { code } = await minify(source("wxlogin.js"), { compress: { passes: 2 }, mangle: true, toplevel: true });

  assert.ok(Buffer.byteLength(code) <= MAX_MINIFIED, `${Buffer.byteLength(code)} bytes`);
  assert.doesNotMatch(source("wxlogin.js"), /\brequire\(/);
  assert.equal(described.dependencies, undefined);
});

test("the version is the same everywhere", () => {
  const python = fs.readFileSync(path.join(HERE, "..", "pyproject.toml"), "utf8");

  assert.match(source("wxlogin.js"), new RegExp(`^/\\* wxlogin ${described.version},`));
  assert.match(source("wxlogin.js"), new RegExp(`VERSION = "${described.version}"`));
  assert.match(python, new RegExp(`^version = "${described.version}"`, "m"));
});

test("C18 the published package has the client, the test kit and their types, and both can be required", (t) => {
  const { folder, files } = installPackage(t);

  assert.deepEqual(files.sort(), [
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
    "miniprogram_dist/index.js",
    "miniprogram_dist/wxlogin.d.ts",
    "miniprogram_dist/wxlogin.js",
    "package.json",
    "testing/callbacks.js",
    "testing/index.d.ts",
    "testing/index.js",
    "testing/network.js",
    "testing/storage.js",
    "testing/wire.js",
  ]);
  const script = `
    const { createClient, WxLoginError } = require("wxlogin");
    const { createFakeWx } = require("wxlogin/testing");
    const wx = createFakeWx({ code: () => "made-up" });
    wx.fake.isOffline = true;
    createClient({ baseUrl: "https://example.com/api/wechat/", wx }).ready()
      .catch((error) => console.log(error instanceof WxLoginError, error.kind));`;
  assert.equal(execFileSync("node", ["-e", script], { cwd: folder, encoding: "utf8" }), "true network\n");
});

test("C18 the types work with the platform's types and without a browser's", () => {
  for (const project of ["tsconfig.json", "tsconfig.client.json", "tsconfig.testing.json", "demo"]) {
    const { status, stdout } = spawnSync("npx", ["--no-install", "tsc", "-p", project], {
      cwd: HERE,
      encoding: "utf8",
    });
    assert.equal(status, 0, `${project}:\n${stdout}`);
  }
});

test("the code is formatted", () => {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "lint"], { cwd: HERE, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
});

test("C18 the builder of the developer tools packs the client without a warning", (t) => {
  if (tools.areMissing(t)) return;
  const { folder } = installPackage(t);
  fs.mkdirSync(path.join(folder, "pages", "index"), { recursive: true });
  const files = {
    "app.js": "App({});",
    "app.json": JSON.stringify({ pages: ["pages/index/index"] }),
    "project.config.json": JSON.stringify({ appid: "wx0123456789abcdef", compileType: "miniprogram", setting: {} }),
    "pages/index/index.js": 'require("wxlogin"); Page({});',
    "pages/index/index.json": "{}",
    "pages/index/index.wxml": "",
  };
  Object.entries(files).forEach(([name, content]) => fs.writeFileSync(path.join(folder, name), content));

  const output = execFileSync("node", [path.join(tools.FOLDER, "pack-npm.js"), folder], { encoding: "utf8" });

  assert.deepEqual(JSON.parse(output.trim().split("\n").pop()), { warnings: [], packed: 1 });
  assert.deepEqual(fs.readdirSync(path.join(folder, "miniprogram_npm", "wxlogin")).sort(), fs.readdirSync(DIST).sort());
});
