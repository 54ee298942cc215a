// HTTP as `wx` speaks it: how data is sent, and what comes back.
"use strict";

const { Buffer } = require("buffer");
const http = require("http");
const https = require("https");

/** What the platform makes of `data`: a query for GET, else JSON or a form, by the content type. */
function encoded({ url, data, method = "GET", header = {} }) {
  const name = Object.keys(header).find((each) => each.toLowerCase() === "content-type");
  const type = name ? header[name] : "application/json";
  const sent = { "content-type": type, ...header };
  if (data === undefined) return { url, header: sent };
  if (typeof data === "string" || data instanceof ArrayBuffer) {
    return { url, header: sent, body: Buffer.from(/** @type {any} */ (data)) };
  }
  if (method === "GET") return { url: url + (url.includes("?") ? "&" : "?") + query(data), header: sent };
  const text = /x-www-form-urlencoded/.test(type) ? query(data) : JSON.stringify(data);
  return { url, header: sent, body: Buffer.from(text) };
}

function query(data) {
  return Object.keys(data)
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(data[name])}`)
    .join("&");
}

/** The body of an upload. */
function form({ filePath, name, formData = {} }, file) {
  const boundary = `----wx${Math.random().toString(16).slice(2)}`;
  const part = (disposition, content) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ];
  const fields = Object.keys(formData).map((each) => part(`name="${each}"`, String(formData[each])));
  const filename = filePath.split("/").pop();
  const parts = [...fields, part(`name="${name}"; filename="${filename}"`, file)];
  const body = Buffer.concat([...[].concat(...parts), Buffer.from(`--${boundary}--\r\n`)]);
  return { body, header: { "content-type": `multipart/form-data; boundary=${boundary}` } };
}

/** One exchange. Calls `done` with the answer, its body as bytes, or `failed` with a word; returns what can be destroyed. */
function exchange({ url, method, header, body }, done, failed) {
  const { request } = /^https:/i.test(url) ? https : http;
  const headers = { ...header, "content-length": body ? body.length : 0 };
  const wire = request(url, { method, headers, agent: false });
  wire.on("response", (answer) => {
    const chunks = [];
    answer.on("data", (chunk) => chunks.push(chunk));
    answer.on("error", () => failed("broken"));
    answer.on("end", () => {
      if (!answer.complete) return failed("broken");
      return done({
        statusCode: answer.statusCode,
        header: headerOf(answer.rawHeaders),
        cookies: answer.headers["set-cookie"] || [],
        data: Buffer.concat(chunks),
      });
    });
  });
  wire.on("error", (/** @type {any} */ error) => failed(error.code === "ECONNREFUSED" ? "unreachable" : "broken"));
  wire.end(body);
  return wire;
}

function headerOf(raw) {
  const header = {};
  for (let index = 0; index < raw.length; index += 2) header[raw[index]] = raw[index + 1];
  return header;
}

/** What the page gets of a body. */
function read(bytes, { dataType = "json", responseType = "text" } = {}) {
  if (responseType === "arraybuffer") return new Uint8Array(bytes).buffer;
  const text = bytes.toString("utf8");
  if (dataType !== "json") return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    return text;
  }
}

module.exports = { encoded, form, exchange, read };
