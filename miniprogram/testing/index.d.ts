/** A `wx` for tests in Node. It sends real HTTP, in the manners of the platform. */

/// <reference types="node" />

export interface FakeOptions {
  /** What `wx.login` gives, if anybody calls it. `codesFrom` makes one that asks a running fake WeChat. */
  code?: () => string | Promise<string>;
  /** Default "3.8.0". */
  sdkVersion?: string;
  /** The header that the platform sets: `https://servicewechat.com/<appid>/<version>/page-frame.html`. */
  referer?: string;
  /** Milliseconds in the background after which unfinished calls end; the platform's own 5000 unless told. */
  interruptedAfter?: number;
}

export interface FakeCall {
  api: "request" | "uploadFile" | "downloadFile" | "login" | "checkSession";
  method?: string;
  url?: string;
  header?: Record<string, string>;
}

/** What a test sees and does that a page can't. */
export interface FakeControls {
  /** Every call of these, also the ones that were refused or interrupted. */
  readonly calls: FakeCall[];
  /** What `wx.uploadFile` finds under a path, and where `wx.downloadFile` puts what it got. */
  readonly files: Map<string, Buffer | Uint8Array | string>;
  /** What is held, as JSON text by key. */
  readonly storage: Map<string, string>;
  /** The most requests, uploads and downloads that ran at the same time; never more than ten. */
  readonly mostAtOnce: number;
  /** Origins that `wx.request` may call; null: not checked, as with "do not verify domains". */
  domains: string[] | null;
  /** The lists of their own that `wx.uploadFile` and `wx.downloadFile` have. */
  uploadDomains: string[] | null;
  downloadDomains: string[] | null;
  isOffline: boolean;
  /** Makes `wx.checkSession` fail until the next `wx.login`. */
  isKeyExpired: boolean;
  /** Text of a failure of `wx.login`; "hangs": it never calls back. */
  loginFails: string;
  sdkVersion: string;
  /** The person leaves the mini-program: what is unfinished after a while ends in `fail interrupted`, nothing starts. */
  background(): void;
  foreground(): void;
}

/**
 * Fits wherever `createClient` takes a `wx`. Names and shapes are the platform's; what else your pages call you add:
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

/** A `code` for `createFakeWx`: codes of `openid`, from the fake WeChat at that address (`manage.py fakewechat`). */
export function codesFrom(fakeWeChat: string, openid: string, appid?: string): () => Promise<string>;

/** The event of a phone button that `openid` tapped and agreed to; for `bindPhone`. */
export function phoneEvent(
  fakeWeChat: string,
  openid: string,
  appid?: string,
): Promise<{ type: string; detail: { errMsg: string; code: string } }>;
