// Run "build npm" of the developer tools: node pack-npm.js <project folder>. Print its report as JSON.
"use strict";

const { generateKeyPairSync } = require("node:crypto");
const { writeFileSync } = require("node:fs");
const path = require("node:path");
const ci = require("miniprogram-ci");

async function main(folder) {
  // The key is needed only for uploads, but Project requires one.
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const privateKeyPath = path.join(folder, "made-up.key");
  writeFileSync(privateKeyPath, privateKey.export({ type: "pkcs1", format: "pem" }));
  const project = new ci.Project({
    appid: "wx0123456789abcdef",
    type: "miniProgram",
    projectPath: folder,
    privateKeyPath,
    ignores: ["node_modules/**/*"],
  });
  let report = {};
  const warnings = await ci.packNpm(project, { reporter: (info) => (report = info) });
  process.stdout.write(`\n${JSON.stringify({ warnings, packed: report.miniprogram_pack_num })}\n`);
}

main(path.resolve(process.argv[2]));
