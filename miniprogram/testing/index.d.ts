/** A `wx` for tests in Node. It sends real HTTP and otherwise behaves like the platform. */

/// <reference types="node" />

export interface FakeOptions {
  /**
   * Return the code for `wx.login`. Required if a test calls it. `codesFrom` makes one that uses a running fake WeChat.
   */
  code?: () => string | Promise<string>;
  /** The base library version. Default: "3.8.0". */
  sdkVersion?: string;
  /** The header that the platform sets: `https://servicewechat.com/<appid>/<version>/page-frame.html`. */
  referer?: string;
  /** Milliseconds in the background after which unfinished calls end. Default: 5000, like the platform. */
  interruptedAfter?: number;
}

export interface FakeCall {
  api: "request" | "uploadFile" | "downloadFile" | "login" | "checkSession";
  method?: string;
  url?: string;
  header?: Record<string, string>;
}

/** The controls for a test. A page has no access to them. */
export interface FakeControls {
  /** All calls of these methods, also those that were refused or interrupted. */
  readonly calls: FakeCall[];
  /** File contents by path. `wx.uploadFile` reads them, and `wx.downloadFile` adds to them. */
  readonly files: Map<string, Buffer | Uint8Array | string>;
  /** The stored values, as JSON text by key. */
  readonly storage: Map<string, string>;
  /** The largest number of requests, uploads and downloads that ran at the same time. At most ten. */
  readonly mostAtOnce: number;
  /** The origins that `wx.request` may call. With null they are not checked, like with "do not verify domains". */
  domains: string[] | null;
  /** The origins for `wx.uploadFile` and `wx.downloadFile`, which have lists of their own. */
  uploadDomains: string[] | null;
  downloadDomains: string[] | null;
  isOffline: boolean;
  /** Make `wx.checkSession` fail until the next `wx.login`. */
  isKeyExpired: boolean;
  /** The error text with which `wx.login` fails. With "hangs" it never calls back. */
  loginFails: string;
  sdkVersion: string;
  /**
   * Put the mini-program in the background. No call starts, and unfinished calls end with `fail interrupted` after a
   * while.
   */
  background(): void;
  foreground(): void;
}

/**
 * A `wx` for `createClient`. Names and types are the platform's. Add the other methods that your pages call:
 * `Object.assign(createFakeWx({ code }), { showToast() {} })`.
 */
export interface FakeWx {
  readonly fake: FakeControls;
  request(options: any): { abort(): void };
  uploadFile(options: any): { abort(): void; onProgressUpdate(listener: (progress: any) => void): void };
  downloadFile(options: any): { abort(): void };
  login(options?: any): any;
  checkSession(options?: any): any;
  getAppBaseInfo(): { SDKVersion: string; language: string };
  getSystemInfoSync(): { SDKVersion: string; language: string };
  getStorageSync(key: string): any;
  setStorageSync(key: string, value: any): void;
  removeStorageSync(key: string): void;
  clearStorageSync(): void;
  getStorageInfoSync(): { keys: string[]; currentSize: number; limitSize: number };
  getStorage(options: any): any;
  setStorage(options: any): any;
  removeStorage(options: any): any;
}

export function createFakeWx(options?: FakeOptions): FakeWx;

/**
 * Return a `code` for `createFakeWx`. It gets codes for `openid` from the fake WeChat at that address
 * (`manage.py fakewechat`).
 */
export function codesFrom(fakeWeChat: string, openid: string, appid?: string): () => Promise<string>;

/** Return the event of the phone button after `openid` tapped it and agreed, for `bindPhone`. */
export function phoneEvent(
  fakeWeChat: string,
  openid: string,
  appid?: string,
): Promise<{ type: string; detail: { errMsg: string; code: string } }>;
