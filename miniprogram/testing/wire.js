// HTTP in the way of `wx`: encode the data of a call, send it, parse the answer.
"use strict";

const { Buffer } = require("buffer");
const http = require("http");
const https = require("https");

/** Encode `data` like the platform: as a query for GET, else as JSON or as a form, depending on the content type. */
function encodeData({ url, data, method = "GET", header = {} }) {
  const name = Object.keys(header).find((each) => each.toLowerCase() === "content-type");
  const type = name ? header[name] : "application/json";
  const sentHeader = { "content-type": type, ...header };
  if (data === undefined) return { url, header: sentHeader };
  if (typeof data === "string" || data instanceof ArrayBuffer) {
    return { url, header: sentHeader, body: Buffer.from(/** @type {any} */ (data)) };
  }
  if (method === "GET") return { url: url + (url.includes("?") ? "&" : "?") + encodeQuery(data), header: sentHeader };
  const text = /x-www-form-urlencoded/.test(type) ? encodeQuery(data) : JSON.stringify(data);
  return { url, header: sentHeader, body: Buffer.from(text) };
}

function encodeQuery(data) {
  return Object.keys(data)
    .map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(data[name])}`)
    .join("&");
}

/** Return the multipart body of an upload, and its header. */
function encodeForm({ filePath, name, formData = {} }, file) {
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

/**
 * Send one HTTP request. Call `onAnswer` with the answer and its body as bytes, or `onFailure` with a key of FAILURES.
 * Return the request, which can be destroyed.
 */
function sendHttp({ url, method, header, body }, onAnswer, onFailure) {
  const { request } = /^https:/i.test(url) ? https : http;
  const headers = { ...header, "content-length": body ? body.length : 0 };
  const wire = request(url, { method, headers, agent: false });
  wire.on("response", (answer) => {
    const chunks = [];
    answer.on("data", (chunk) => chunks.push(chunk));
    answer.on("error", () => onFailure("broken"));
    answer.on("end", () => {
      if (!answer.complete) return onFailure("broken");
      return onAnswer({
        statusCode: answer.statusCode,
        header: headerOf(answer.rawHeaders),
        cookies: answer.headers["set-cookie"] || [],
        data: Buffer.concat(chunks),
      });
    });
  });
  wire.on("error", (/** @type {any} */ error) => onFailure(error.code === "ECONNREFUSED" ? "unreachable" : "broken"));
  wire.end(body);
  return wire;
}

function headerOf(raw) {
  const header = {};
  for (let index = 0; index < raw.length; index += 2) header[raw[index]] = raw[index + 1];
  return header;
}

/** Parse a body for the page. */
function parseBody(bytes, { dataType = "json", responseType = "text" } = {}) {
  if (responseType === "arraybuffer") return new Uint8Array(bytes).buffer;
  const text = bytes.toString("utf8");
  if (dataType !== "json") return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    return text;
  }
}

module.exports = { encodeData, encodeForm, parseBody, sendHttp };
