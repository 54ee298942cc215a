/** The mini-program client of django-wxlogin. It logs the person in silently when a call needs a login. */

export interface User {
  id: number | string;
  nickname: string;
  avatar: string | null;
  phone_bound: boolean;
  created_at: string;
  /** The fields that the server's own `USER_SERIALIZER` adds. */
  [field: string]: unknown;
}

/**
 * A storage that keeps one text under one key. Each method may return its result or a promise. The promise has to
 * settle, because each write waits for the one before it. A rejection counts as an empty storage.
 */
export interface Storage {
  get(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  set(key: string, value: string): unknown;
  remove(key: string): unknown;
}

/** The methods of `wx` that the client uses. Taro and uni have them too. */
export interface Platform {
  request(options: any): any;
  uploadFile(options: any): any;
  login(options: any): any;
  /** Used by `ready({ sessionKey: true })`. */
  checkSession?(options: any): any;
  getStorageSync(key: string): any;
  setStorageSync(key: string, value: any): any;
  removeStorageSync(key: string): any;
  getAppBaseInfo?(): { SDKVersion: string; language?: string };
  getSystemInfoSync?(): { SDKVersion: string; language?: string };
}

export interface ClientOptions {
  /** The address where the server includes `wxlogin.api.urls`, such as `https://example.com/api/wechat/`. */
  baseUrl: string;
  /** Required if the server has several mini-programs. */
  appid?: string;
  /** Default: the global `wx`. */
  wx?: Platform;
  /** Default: one key in the storage of `wx`. */
  storage?: Storage;
  /** Time-out of one network call, in milliseconds. A request can need several network calls. Default: 15000. */
  timeout?: number;
  /** A clock in milliseconds, like `Date.now`. It may show a wrong time, but it has to keep running. */
  now?: () => number;
}

export type Body = string | ArrayBuffer | Record<string, any> | any[];

export interface RequestOptions {
  /** Absolute, or relative to the origin of `baseUrl`: `/api/orders/`. The token is sent to that origin only. */
  url: string;
  method?: "OPTIONS" | "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "TRACE" | "CONNECT";
  data?: Body;
  header?: Record<string, string>;
  /** Time-out of this call in milliseconds. Default: the client's. */
  timeout?: number;
  dataType?: string;
  responseType?: "text" | "arraybuffer";
}

export interface UploadOptions {
  url: string;
  filePath: string;
  name: string;
  formData?: Record<string, any>;
  header?: Record<string, string>;
  timeout?: number;
}

export interface Answer<T> {
  statusCode: number;
  data: T;
  header: Record<string, string>;
  /** The request id. Staff can search for it, as for that of an error. */
  requestId: string;
}

export interface Progress {
  progress: number;
  totalBytesSent: number;
  totalBytesExpectedToSend: number;
}

/** A promise that can be cancelled, also while it waits for a login or during the second try. */
export interface Task<T> extends Promise<T> {
  /** Cancel the call. The promise rejects with kind `interrupted` and code `aborted`. */
  abort(): void;
  /** Report the progress of an upload, also of the second try. */
  onProgressUpdate(listener: (progress: Progress) => void): void;
}

/** The event of `<button open-type="getPhoneNumber">`. */
export interface PhoneEvent {
  detail: { errMsg?: string; errno?: number; code?: string };
}

export interface Phone {
  phone_number: string;
  country_code: string;
}

/** The reason of a sign-out: `logged_out`, or the code with which the server refused the login. */
export type SignedOutReason = "logged_out" | "account_disabled" | "user_blocked" | "code_invalid" | (string & {});

export interface Events {
  /** The person logged in. A launch that restores a stored session does not send this event. */
  "signed-in": (user: User) => void;
  /** The tokens were renewed. The person is the same. */
  renewed: (user: User) => void;
  /** The nickname, avatar or phone number changed. */
  profile: (user: User) => void;
  /** The person was signed out. Sent once for each sign-out. `error.reason` and `error.detail` come from the server. */
  "signed-out": (reason: SignedOutReason, error: WxLoginError) => void;
}

export interface Client {
  /**
   * Resolve when the person is logged in. All callers share one login. After `logout()`, only this call signs in again.
   *
   * `sessionKey: true` also makes sure that the server has WeChat's latest session_key. Use it before `wx.getWeRunData`
   * and any other call that returns `encryptedData`. The phone button does not need it.
   */
  ready(options?: { sessionKey?: boolean }): Promise<User>;
  /** Send a request, like `wx.request`. Wait for the login, resolve for 2xx, reject with a `WxLoginError` otherwise. */
  request<T = any>(options: RequestOptions): Task<Answer<T>>;
  /** Upload a file with the token, like `wx.uploadFile`. `data` is parsed if it is JSON. */
  upload<T = any>(options: UploadOptions): Task<Answer<T>>;
  /**
   * Bind the phone number of the button's event. A second tap while the first call runs gets the result of the first.
   */
  bindPhone(event: PhoneEvent): Promise<Phone>;
  /**
   * Update the nickname, the avatar or both. The nickname is sent first, and it stays if the server refuses the
   * picture. Resolve with `user`.
   */
  updateProfile(profile: { nickname?: string; avatarPath?: string }): Promise<User | null>;
  /**
   * Delete the tokens at once, then end the session on the server. Never reject. Calls that are still running and new
   * calls reject with code `logged_out` until `ready()` or the next launch.
   */
  logout(options?: { everywhere?: boolean }): Promise<void>;
  /** Add a listener. Return a function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: Events[Name]): () => void;
  readonly user: User | null;
  readonly signedIn: boolean;
}

export type ErrorKind =
  "network" | "timeout" | "interrupted" | "domain" | "http" | "auth" | "blocked" | "denied" | "privacy" | "wechat";

export class WxLoginError extends Error {
  constructor(kind: ErrorKind, fields: Partial<Omit<WxLoginError, "kind">> & { hint?: string });
  readonly kind: ErrorKind;
  /** The HTTP status of the answer, or 0 if there was none. */
  readonly status: number;
  /** A stable code from the server or from this client. Often empty. */
  readonly code: string;
  /** The reason of a `session_ended`, or of an `account_disabled` if staff made the reason public. */
  readonly reason: string;
  /**
   * The server's message in the person's language. If there is no answer, the platform's own text, which is not for
   * people, or empty. `message` adds advice for the developer.
   */
  readonly detail: string;
  /** True if the same call may succeed later. */
  readonly retryable: boolean;
  /** The answer's `X-Request-ID`, or the one that the client sent. Staff can search for it. Often empty. */
  readonly requestId: string;
}

/** Create a client. Throw an `Error` if `baseUrl` is not an http(s) address or if there is no `wx`. */
export function createClient(options: ClientOptions): Client;
