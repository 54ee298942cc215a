// The builder and the compiler of the developer tools. They are large, so they are required in CI and optional
// elsewhere.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const FOLDER = path.join(__dirname, "..", "tools");
const isInstalled = fs.existsSync(path.join(FOLDER, "node_modules"));

/** True if the tools are missing. Skip the test `t` then, or fail it if the tools are required. */
function areMissing(t) {
  if (isInstalled) return false;
  assert.notEqual(process.env.MINIPROGRAM, "required", "npm ci in miniprogram/tools");
  t.skip("WeChat's own tools are not installed: npm ci in miniprogram/tools");
  return true;
}

module.exports = { FOLDER, areMissing };
