// wx.request, wx.uploadFile and wx.downloadFile. At most ten calls run at a time, and a mini-program in the background
// starts no calls.
"use strict";

const { encodeData, encodeForm, parseBody, sendHttp } = require("./wire");

// Requests, uploads and downloads at a time. See developers.weixin.qq.com, network.
const SLOTS = 10;
// The default and the maximum time-out of a call, in milliseconds.
const MAX_TIMEOUT = 60000;
// The platform does not support PATCH.
const METHODS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"];

// The errno is from developers.weixin.qq.com, PublicErrno, if it is known. No page lists all of them.
const FAILURES = {
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

/** Return the three calls, `background` and `foreground`. A test reads and changes their state in `fake`. */
function fakeNetwork(fake, { referer, interruptedAfter }) {
  // Calls that wait for a slot or for the foreground.
  const queue = [];
  const running = new Set();
  let downloads = 0;
  let interruption = null;

  function startNext() {
    while (queue.length && running.size < SLOTS && !fake.inBackground) {
      const call = queue.shift();
      running.add(call);
      fake.mostAtOnce = Math.max(fake.mostAtOnce, running.size);
      call.start();
    }
  }

  /** Queue one call. It ends with exactly one of success and fail. `send` starts the HTTP request. */
  function enqueue(api, options, send) {
    const { url, method = api === "uploadFile" ? "POST" : "GET", header, timeout = MAX_TIMEOUT } = options;
    let isSettled = false;
    let wire = null;
    let timer = null;
    const settle = (callback, result) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      running.delete(call);
      startNext();
      setImmediate(() => [callback, options.complete].forEach((each) => each && each(result)));
    };
    const call = {
      start() {
        timer = setTimeout(() => call.fail("timeout"), Math.min(timeout, MAX_TIMEOUT));
        if (fake.isOffline) return call.fail("offline");
        try {
          wire = send(method, (answer) => settle(options.success, { ...answer, errMsg: `${api}:ok` }), call.fail);
        } catch (error) {
          // For example, a header contains a character that HTTP does not allow.
          call.fail("broken");
        }
        return undefined;
      },
      fail(reason) {
        const { errno, text } = FAILURES[reason];
        settle(options.fail, { errMsg: `${api}:fail ${text}`, ...(errno ? { errno } : {}) });
        if (wire) wire.destroy();
      },
    };
    fake.calls.push({ api, method, url, header: { ...header } });
    const problem = refusalOf(api, { ...options, method });
    if (problem) {
      call.fail(problem);
    } else {
      queue.push(call);
      startNext();
    }
    return {
      abort() {
        const position = queue.indexOf(call);
        if (position >= 0) queue.splice(position, 1);
        call.fail("abort");
      },
    };
  }

  /** Return the reason why the platform refuses to send the call, or "". */
  function refusalOf(api, { url, method, filePath }) {
    const domains = { request: fake.domains, uploadFile: fake.uploadDomains, downloadFile: fake.downloadDomains }[api];
    const origin = originOf(url);
    if (!origin) return "url";
    if (domains && !domains.includes(origin)) return "domain";
    if (!METHODS.includes(method)) return "method";
    if (api === "uploadFile" && !fake.files.has(filePath)) return "file";
    return "";
  }

  /** Return the header with the fields that only the platform sets. A page's values for them are dropped. */
  function buildHeader(given = {}) {
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
      enqueue("request", options, (method, onDone, onFailure) => {
        const { url, body, header } = encodeData(options);
        const onAnswer = (answer) => onDone({ ...answer, data: parseBody(answer.data, options) });
        return sendHttp({ url, method, header: buildHeader(header), body }, onAnswer, onFailure);
      }),

    uploadFile(options) {
      const listeners = [];
      const task = enqueue("uploadFile", options, (method, onDone, onFailure) => {
        const { body, header } = encodeForm(options, fake.files.get(options.filePath));
        const whole = { progress: 100, totalBytesSent: body.length, totalBytesExpectedToSend: body.length };
        setImmediate(() => listeners.forEach((listener) => listener(whole)));
        const onAnswer = (answer) => onDone({ ...answer, data: parseBody(answer.data, { dataType: "text" }) });
        const sentHeader = buildHeader({ ...options.header, ...header });
        return sendHttp({ url: options.url, method, header: sentHeader, body }, onAnswer, onFailure);
      });
      return { ...task, onProgressUpdate: (listener) => listeners.push(listener) };
    },

    downloadFile: (options) =>
      enqueue("downloadFile", options, (method, onDone, onFailure) => {
        const onAnswer = ({ statusCode, header, data }) => {
          downloads += 1;
          const tempFilePath = `wxfile://tmp_${downloads}`;
          fake.files.set(tempFilePath, data);
          onDone({ statusCode, header, tempFilePath });
        };
        const header = buildHeader(options.header);
        return sendHttp({ url: options.url, method, header, body: undefined }, onAnswer, onFailure);
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
