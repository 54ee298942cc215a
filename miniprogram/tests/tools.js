// The developer tools' own builder and compiler, which are large: in CI they have to be there, elsewhere they may.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const FOLDER = path.join(__dirname, "..", "tools");
const isInstalled = fs.existsSync(path.join(FOLDER, "node_modules"));

/** Skips the test `t` and says true where the tools are missing; fails it where they must not be. */
function areMissing(t) {
  if (isInstalled) return false;
  assert.notEqual(process.env.MINIPROGRAM, "required", "npm ci in miniprogram/tools");
  t.skip("WeChat's own tools are not installed: npm ci in miniprogram/tools");
  return true;
}

module.exports = { FOLDER, areMissing };
