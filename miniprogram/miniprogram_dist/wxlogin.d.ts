/** The WeChat client of django-wxlogin: somebody is logged in, silently, whenever a call needs it. */

export interface User {
  id: number | string;
  nickname: string;
  avatar: string | null;
  phone_bound: boolean;
  created_at: string;
  /** What a `USER_SERIALIZER` of the server's own adds. */
  [field: string]: unknown;
}

/**
 * One text under one key. Each method may answer at once or with a promise, which has to settle: writes follow each
 * other. A rejection is like an empty storage.
 */
export interface Storage {
  get(key: string): string | null | undefined | PromiseLike<string | null | undefined>;
  set(key: string, value: string): unknown;
  remove(key: string): unknown;
}

/** What is used of `wx`. Taro and uni fit too. */
export interface Platform {
  request(options: any): any;
  uploadFile(options: any): any;
  login(options: any): any;
  /** For `ready({ sessionKey: true })`. */
  checkSession?(options: any): any;
  getStorageSync(key: string): any;
  setStorageSync(key: string, value: any): any;
  removeStorageSync(key: string): any;
  getAppBaseInfo?(): { SDKVersion: string; language?: string };
  getSystemInfoSync?(): { SDKVersion: string; language?: string };
}

export interface ClientOptions {
  /** Where the server includes `wxlogin.api.urls`: `https://example.com/api/wechat/`. */
  baseUrl: string;
  /** Needed where the server has several mini-programs. */
  appid?: string;
  /** Default: the global `wx`. */
  wx?: Platform;
  /** Default: one key of the storage of `wx`. */
  storage?: Storage;
  /** Milliseconds of one call on the wire, of which a request can take a few. Default 15000. */
  timeout?: number;
  /** Milliseconds since whenever, as `Date.now`. It may be wrong, as long as it goes on. */
  now?: () => number;
}

export type Body = string | ArrayBuffer | Record<string, any> | any[];

export interface RequestOptions {
  /** Absolute, or from the origin of `baseUrl`: `/api/orders/`. Only under that origin the token goes along. */
  url: string;
  method?: "OPTIONS" | "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "TRACE" | "CONNECT";
  data?: Body;
  header?: Record<string, string>;
  /** Milliseconds, in place of the client's. */
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
  /** As of an error: staff can search for it. */
  requestId: string;
}

export interface Progress {
  progress: number;
  totalBytesSent: number;
  totalBytesExpectedToSend: number;
}

/** A promise that can be called off, also while it waits for a login or is on its second try. */
export interface Task<T> extends Promise<T> {
  /** Rejects it with kind `interrupted`, code `aborted`. */
  abort(): void;
  /** Of an upload; of the second try too. */
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

/** Why somebody is signed out: `logged_out`, or the code with which the server refused the login. */
export type SignedOutReason = "logged_out" | "account_disabled" | "user_blocked" | "code_invalid" | (string & {});

export interface Events {
  /** A login, not a start with a session that was kept. */
  "signed-in": (user: User) => void;
  /** The tokens were renewed; the person is the same. */
  renewed: (user: User) => void;
  /** Nickname, avatar or phone changed. */
  profile: (user: User) => void;
  /** Once for each time that it happens; `error.reason` and `error.detail` are what the server says about it. */
  "signed-out": (reason: SignedOutReason, error: WxLoginError) => void;
}

export interface Client {
  /**
   * Resolves once somebody is logged in; one login, however many callers. After `logout()` it is what signs in again.
   *
   * `sessionKey: true`: also makes sure that the server has WeChat's latest session_key. Say so before
   * `wx.getWeRunData` and whatever else answers with `encryptedData`; not needed for the phone button.
   */
  ready(options?: { sessionKey?: boolean }): Promise<User>;
  /** As `wx.request`. Resolves for 2xx, rejects with a `WxLoginError` otherwise. Waits for `ready()` by itself. */
  request<T = any>(options: RequestOptions): Task<Answer<T>>;
  /** As `wx.uploadFile`, with the token; `data` is parsed where it is JSON. */
  upload<T = any>(options: UploadOptions): Task<Answer<T>>;
  /** Binds the phone number of the button's event. A second tap while the first is under way shares its outcome. */
  bindPhone(event: PhoneEvent): Promise<Phone>;
  /** Either or both; the nickname first, and it stays if the picture is refused. Resolves with `user`. */
  updateProfile(profile: { nickname?: string; avatarPath?: string }): Promise<User | null>;
  /**
   * Forgets the tokens at once, then tells the server; never rejects. Calls made before or after it are
   * refused with code `logged_out`, until `ready()` or the next launch.
   */
  logout(options?: { everywhere?: boolean }): Promise<void>;
  /** Returns a function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: Events[Name]): () => void;
  readonly user: User | null;
  readonly signedIn: boolean;
}

export type ErrorKind =
  "network" | "timeout" | "interrupted" | "domain" | "http" | "auth" | "blocked" | "denied" | "privacy" | "wechat";

export class WxLoginError extends Error {
  constructor(kind: ErrorKind, fields: Partial<Omit<WxLoginError, "kind">> & { hint?: string });
  readonly kind: ErrorKind;
  /** Of the answer; 0 where there was none. */
  readonly status: number;
  /** The server's stable word, or ours; often empty. */
  readonly code: string;
  /** Of `session_ended`, and of `account_disabled` where staff meant the person to read it. */
  readonly reason: string;
  /**
   * The server's sentence, in the person's language; or what the platform said, which is not for people; or empty.
   * `message` adds what a developer could do about it.
   */
  readonly detail: string;
  /** Whether the same call could go well later. */
  readonly retryable: boolean;
  /** The answer's `X-Request-ID`, or the one that was sent to wxlogin's server: staff can search for it. Often empty. */
  readonly requestId: string;
}

/** Throws an `Error` if `baseUrl` is no http(s) address or if there is no `wx`. */
export function createClient(options: ClientOptions): Client;
