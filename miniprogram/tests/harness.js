// What the tests stand on: the real Django server with a fake WeChat, a wire that can fail, and phones.
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
const TIMEOUT = 1000; // milliseconds of a call in a test: what hangs takes as long

/** Django and the fake WeChat in a process that ends with ours. `act` has staff do something, `wechat` the fake. */
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
 * Stands between a phone and the server. `fault(path, what, times)`, what being one of
 *   { lose: true }      the server does its work and nobody hears of it
 *   { reset: true }     the connection breaks before the server hears
 *   { hang: true }      no answer, ever
 *   { delay: ms }       the answer comes late
 *   { hold: promise }   the answer comes when the promise does
 *   { status, body, type, hold }   somebody else answers
 */
async function startWire(server) {
  const wire = { calls: [], faults: [] };

  const listener = http.createServer(async (request, response) => {
    const body = await read(request);
    const { method, url: asked, headers: header } = request;
    const call = { method, url: asked, path: asked.replace(/\?.*/, ""), header, body: body.toString() };
    wire.calls.push(call);
    request.socket.once("close", () => (call.isCut = !response.writableEnded));
    const fault = take(wire, call.path) || {};
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

function take(wire, where) {
  const fault = wire.faults.find((each) => each.times > 0 && (each.where === "*" || API + each.where === where));
  if (!fault) return null;
  fault.times -= 1;
  return fault.what;
}

function read(stream) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
    stream.on("error", reject);
  });
}

function forward(url, { method, url: target, headers }, body) {
  return new Promise((resolve, reject) => {
    const onward = http.request(url + target, { method, headers, agent: false }, async (answer) =>
      resolve({ status: answer.statusCode, rawHeaders: answer.rawHeaders, body: await read(answer) }),
    );
    onward.on("error", reject);
    onward.end(body);
  });
}

let people = 0;

/** Somebody with a phone. A second phone of theirs: `phone(bench, { openid })`; the same one, opened anew: `reopened`. */
function phone(bench, { openid = newOpenid(), wx = null, now, ...options } = {}) {
  const own =
    wx || createFakeWx({ code: codesFrom(bench.server.fakeWeChat, openid), interruptedAfter: TIMEOUT / 4, ...options });
  const client = createClient({ baseUrl: bench.wire.baseUrl, wx: own, timeout: TIMEOUT, ...(now ? { now } : {}) });
  const events = [];
  ["signed-in", "renewed", "profile", "signed-out"].forEach((name) =>
    client.on(name, (value) => events.push(name === "signed-out" ? `${name}: ${value}` : name)),
  );
  return {
    openid,
    wx: own,
    fake: own.fake,
    client,
    events,
    me: () => client.request({ url: `${API}me/` }),
    count: (api) => own.fake.calls.filter((call) => call.api === api).length,
    kept: () => Array.from(own.fake.storage.values()).join(),
    tap: () => phoneEvent(bench.server.fakeWeChat, openid),
    reopened: (more = {}) => phone(bench, { openid, wx: own, now, ...more }),
  };
}

function newOpenid() {
  people += 1;
  return `o-client-${process.pid}-${people}`;
}

/** The phone opened anew with an access token that the server refuses, as one that expired is. */
function withRefusedAccess(bench, options) {
  return openedAnew(bench, options, ({ fake, wx }) => {
    const [key] = fake.storage.keys();
    const kept = JSON.parse(wx.getStorageSync(key));
    wx.setStorageSync(key, JSON.stringify({ ...kept, access: spoiled(kept.access) }));
  });
}

/** The phone opened anew, with tokens of a session that staff ended in the meantime. */
function withEndedSession(bench, options) {
  return openedAnew(bench, options, ({ openid }) => bench.server.act("end_sessions", { openid }));
}

/** Somebody logged in and closed the mini-program; then `happens`, and now they open it again. */
async function openedAnew(bench, options, happens) {
  const before = phone(bench, options);
  await before.client.ready();
  await happens(before);
  before.fake.calls.length = 0;
  bench.wire.clear();
  return before.reopened(options);
}

function spoiled(token) {
  const [head, body, signature] = token.split(".");
  return [head, body, signature.split("").reverse().join("")].join(".");
}

/** Starts all of it before the tests of a file and ends it after them. */
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

/** What `promise` is rejected with. */
async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Waits until `holds`, which it soon must. */
async function until(holds) {
  const end = Date.now() + 10 * TIMEOUT;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never came to ${holds}`);
    await pause(5);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { API, PNG, TIMEOUT, bench, phone, withRefusedAccess, withEndedSession, rejection, until, pause };
