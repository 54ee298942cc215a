// wx.request, wx.uploadFile and wx.downloadFile: ten at a time, and never forgetting that a phone is in somebody's pocket.
"use strict";

const { encoded, exchange, form, read } = require("./wire");

const SLOTS = 10; // developers.weixin.qq.com, network: requests, uploads and downloads at a time
const LONGEST = 60000; // milliseconds: default and maximum of a call
const METHODS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"]; // and no PATCH

// errno where known (developers.weixin.qq.com, PublicErrno); no page lists them all.
const FAILS = {
  timeout: { errno: 5, text: "timeout" },
  offline: { errno: 600001, text: "errcode:-106 net::ERR_INTERNET_DISCONNECTED" },
  unreachable: { errno: 600001, text: "errcode:-102 net::ERR_CONNECTION_REFUSED" },
  broken: { errno: 600001, text: "errcode:-101 net::ERR_CONNECTION_RESET" },
  domain: { errno: 600002, text: "url not in domain list" },
  interrupted: { errno: 600003, text: "interrupted" },
  url: { errno: 600009, text: "invalid url" },
  abort: { text: "abort" },
  method: { text: "method is invalid" },
  file: { text: "file not found" },
};

/** The three calls, and `background` and `foreground`. What a test sets and sees is in `fake`. */
function fakeNetwork(fake, { referer, interruptedAfter }) {
  const waiting = []; // calls that have no slot yet, or wait for the foreground
  const running = new Set();
  let downloads = 0;
  let interruption = null;

  function startNext() {
    while (waiting.length && running.size < SLOTS && !fake.inBackground) {
      const call = waiting.shift();
      running.add(call);
      fake.mostAtOnce = Math.max(fake.mostAtOnce, running.size);
      call.start();
    }
  }

  /** One call, from the queue to exactly one of success and fail. `send` starts it on the wire. */
  function enqueue(api, options, send) {
    const { url, method = api === "uploadFile" ? "POST" : "GET", header, timeout = LONGEST } = options;
    let isOver = false;
    let wire = null;
    let timer = null;
    const settle = (callback, result) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      running.delete(call);
      startNext();
      setImmediate(() => [callback, options.complete].forEach((each) => each && each(result)));
    };
    const call = {
      start() {
        timer = setTimeout(() => call.fail("timeout"), Math.min(timeout, LONGEST));
        if (fake.isOffline) return call.fail("offline");
        try {
          wire = send(method, (answer) => settle(options.success, { ...answer, errMsg: `${api}:ok` }), call.fail);
        } catch (error) {
          call.fail("broken"); // a header that can't be sent, for one
        }
        return undefined;
      },
      fail(reason) {
        const { errno, text } = FAILS[reason];
        settle(options.fail, { errMsg: `${api}:fail ${text}`, ...(errno ? { errno } : {}) });
        if (wire) wire.destroy();
      },
    };
    fake.calls.push({ api, method, url, header: { ...header } });
    const problem = refusalOf(api, { ...options, method });
    if (problem) {
      call.fail(problem);
    } else {
      waiting.push(call);
      startNext();
    }
    return {
      abort() {
        const position = waiting.indexOf(call);
        if (position >= 0) waiting.splice(position, 1);
        call.fail("abort");
      },
    };
  }

  /** Why the platform does not even try. */
  function refusalOf(api, { url, method, filePath }) {
    const domains = { request: fake.domains, uploadFile: fake.uploadDomains, downloadFile: fake.downloadDomains }[api];
    const origin = originOf(url);
    if (!origin) return "url";
    if (domains && !domains.includes(origin)) return "domain";
    if (!METHODS.includes(method)) return "method";
    if (api === "uploadFile" && !fake.files.has(filePath)) return "file";
    return "";
  }

  /** With the platform's own, which a page can't set. */
  function headerWith(given = {}) {
    const header = {};
    Object.keys(given).forEach((name) => {
      if (!/^(referer|user-agent)$/i.test(name)) header[name] = given[name];
    });
    if (referer) header.referer = referer;
    header["user-agent"] = `MicroMessenger/8.0.60 MiniProgramEnv/Test wx/${fake.sdkVersion}`;
    return header;
  }

  return {
    background() {
      clearTimeout(interruption);
      fake.inBackground = true;
      interruption = setTimeout(() => running.forEach((call) => call.fail("interrupted")), interruptedAfter);
      interruption.unref();
    },

    foreground() {
      fake.inBackground = false;
      clearTimeout(interruption);
      startNext();
    },

    request: (options) =>
      enqueue("request", options, (method, done, failed) => {
        const { url, body, header } = encoded(options);
        const finish = (answer) => done({ ...answer, data: read(answer.data, options) });
        return exchange({ url, method, header: headerWith(header), body }, finish, failed);
      }),

    uploadFile(options) {
      const listeners = [];
      const task = enqueue("uploadFile", options, (method, done, failed) => {
        const { body, header } = form(options, fake.files.get(options.filePath));
        const whole = { progress: 100, totalBytesSent: body.length, totalBytesExpectedToSend: body.length };
        setImmediate(() => listeners.forEach((listener) => listener(whole)));
        const finish = (answer) => done({ ...answer, data: read(answer.data, { dataType: "text" }) });
        const sent = headerWith({ ...options.header, ...header });
        return exchange({ url: options.url, method, header: sent, body }, finish, failed);
      });
      return { ...task, onProgressUpdate: (listener) => listeners.push(listener) };
    },

    downloadFile: (options) =>
      enqueue("downloadFile", options, (method, done, failed) => {
        const finish = ({ statusCode, header, data }) => {
          downloads += 1;
          const tempFilePath = `wxfile://tmp_${downloads}`;
          fake.files.set(tempFilePath, data);
          done({ statusCode, header, tempFilePath });
        };
        const header = headerWith(options.header);
        return exchange({ url: options.url, method, header, body: undefined }, finish, failed);
      }),
  };
}

function originOf(url) {
  try {
    const { origin, protocol } = new URL(url);
    return /^https?:$/.test(protocol) ? origin : "";
  } catch (error) {
    return "";
  }
}

module.exports = { fakeNetwork };
