// Tools for the tests: the real Django server with a fake WeChat, a proxy that can cause faults, and phones.
"use strict";

const { spawn } = require("node:child_process");
const http = require("node:http");
const path = require("node:path");
const readline = require("node:readline");
const { createFakeWx, codesFrom, phoneEvent } = require("../testing");
const { createClient } = require("../miniprogram_dist/wxlogin");

const API = "/api/wechat/";
const ROOT = path.join(__dirname, "..", "..");
const PYTHON = process.env.PYTHON || path.join(ROOT, ".venv", "bin", "python");
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);
// Milliseconds that a call in a test may take. A call that hangs ends after this time.
const TIMEOUT = 1000;

/**
 * Start Django and the fake WeChat in a process that ends with ours. `act` runs an action of staff, `wechat` controls
 * the fake WeChat.
 */
async function startServer() {
  const process_ = spawn(PYTHON, [path.join(__dirname, "server.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = readline.createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the server ended");
    return JSON.parse(value);
  };
  const { url, fakeWeChat } = await next();
  let turn = Promise.resolve();
  return {
    url,
    fakeWeChat,
    act(act, fields) {
      turn = turn.then(async () => {
        process_.stdin.write(`${JSON.stringify({ act, ...fields })}\n`);
        return (await next()).answer;
      });
      return turn;
    },
    async wechat(control, fields) {
      const answer = await fetch(`${fakeWeChat}/_fake/${control}`, { method: "POST", body: JSON.stringify(fields) });
      return answer.json();
    },
    stop: () => new Promise((resolve) => process_.once("exit", resolve).stdin.end()),
  };
}

/**
 * Start a proxy between a phone and the server. `fault(path, what, times)` adds a fault. `what` is one of
 *   { lose: true }      the server does its work, but its answer is lost
 *   { reset: true }     the connection breaks before the server gets the request
 *   { hang: true }      there is never an answer
 *   { delay: ms }       the answer comes late
 *   { hold: promise }   the answer comes when the promise resolves
 *   { status, body, type, hold }   the proxy answers instead of the server
 */
async function startWire(server) {
  const wire = { calls: [], faults: [] };

  const listener = http.createServer(async (request, response) => {
    const body = await readBody(request);
    const { method, url: asked, headers: header } = request;
    const call = { method, url: asked, path: asked.replace(/\?.*/, ""), header, body: body.toString() };
    wire.calls.push(call);
    request.socket.once("close", () => (call.isCut = !response.writableEnded));
    const fault = takeFault(wire, call.path) || {};
    if (fault.reset) return request.socket.destroy();
    if (fault.hang) return undefined;
    if (fault.status) {
      await fault.hold;
      call.status = fault.status;
      response.writeHead(fault.status, { "content-type": fault.type || "application/json" });
      return response.end(typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body || {}));
    }
    const answer = await forward(server.url, request, body);
    call.status = answer.status;
    if (fault.lose) return request.socket.destroy();
    if (fault.delay) await pause(fault.delay);
    await fault.hold;
    response.writeHead(answer.status, answer.rawHeaders);
    return response.end(answer.body);
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${listener.address().port}`;

  return Object.assign(wire, {
    url,
    baseUrl: url + API,
    fault: (where, what, times = 1) => wire.faults.push({ where, what, times }),
    count: (method, where) => wire.calls.filter((call) => call.method === method && call.path === API + where).length,
    clear: () => Object.assign(wire, { calls: [], faults: [] }),
    stop: () => {
      listener.closeAllConnections();
      return new Promise((resolve) => listener.close(resolve));
    },
  });
}

function takeFault(wire, where) {
  const fault = wire.faults.find((each) => each.times > 0 && (each.where === "*" || API + each.where === where));
  if (!fault) return null;
  fault.times -= 1;
  return fault.what;
}

function readBody(stream) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
    stream.on("error", reject);
  });
}

function forward(url, { method, url: target, headers }, body) {
  return new Promise((resolve, reject) => {
    const forwarded = http.request(url + target, { method, headers, agent: false }, async (answer) =>
      resolve({ status: answer.statusCode, rawHeaders: answer.rawHeaders, body: await readBody(answer) }),
    );
    forwarded.on("error", reject);
    forwarded.end(body);
  });
}

let personCount = 0;

/**
 * Return a phone with a new person. `phone(bench, { openid })` is a second phone of the same person, and `reopen()`
 * opens the mini-program on the same phone again.
 */
function phone(bench, { openid = newOpenid(), wx = null, now, ...options } = {}) {
  const phoneWx =
    wx || createFakeWx({ code: codesFrom(bench.server.fakeWeChat, openid), interruptedAfter: TIMEOUT / 4, ...options });
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx: phoneWx, timeout: TIMEOUT, ...(now ? { now } : {}) });
  const events = [];
  ["signed-in", "renewed", "profile", "signed-out"].forEach((name) =>
    client.on(name, (value) => events.push(name === "signed-out" ? `${name}: ${value}` : name)),
  );
  return {
    openid,
    wx: phoneWx,
    fake: phoneWx.fake,
    client,
    events,
    me: () => client.request({ url: `${API}me/` }),
    count: (api) => phoneWx.fake.calls.filter((call) => call.api === api).length,
    storedText: () => Array.from(phoneWx.fake.storage.values()).join(),
    tap: () => phoneEvent(bench.server.fakeWeChat, openid),
    reopen: (more = {}) => phone(bench, { openid, wx: phoneWx, now, ...more }),
  };
}

function newOpenid() {
  personCount += 1;
  return `o-client-${process.pid}-${personCount}`;
}

/** Return a phone that was opened again with an access token that the server refuses like an expired one. */
function withRefusedAccess(bench, options) {
  return reopenAfter(bench, options, ({ fake, wx }) => {
    const [key] = fake.storage.keys();
    const stored = JSON.parse(wx.getStorageSync(key));
    wx.setStorageSync(key, JSON.stringify({ ...stored, access: corruptToken(stored.access) }));
  });
}

/** Return a phone that was opened again after staff ended its session. */
function withEndedSession(bench, options) {
  return reopenAfter(bench, options, ({ openid }) => bench.server.act("end_sessions", { openid }));
}

/** Log in, run `change` while the mini-program is closed, and open it again. */
async function reopenAfter(bench, options, change) {
  const before = phone(bench, options);
  await before.client.ready();
  await change(before);
  before.fake.calls.length = 0;
  bench.wire.clear();
  return before.reopen(options);
}

function corruptToken(token) {
  const [head, body, signature] = token.split(".");
  return [head, body, signature.split("").reverse().join("")].join(".");
}

/** Start the server and the proxy before the tests of a file, and stop them after the tests. */
function bench(test) {
  const parts = {};
  test.before(async () => {
    parts.server = await startServer();
    parts.wire = await startWire(parts.server);
  });
  test.beforeEach(() => parts.wire.clear());
  test.after(async () => {
    await parts.wire.stop();
    await parts.server.stop();
  });
  return parts;
}

/** Return the error that `promise` rejects with. Throw if it does not reject. */
async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Wait until `condition` returns true. Throw after ten times the time-out. */
async function waitFor(condition) {
  const end = Date.now() + 10 * TIMEOUT;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it never became true: ${condition}`);
    await pause(5);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { API, PNG, TIMEOUT, bench, phone, withRefusedAccess, withEndedSession, rejection, waitFor, pause };
