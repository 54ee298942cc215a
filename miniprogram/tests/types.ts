// Only the compiler reads this file. It shows how a typed mini-program uses the package, and which uses are type
// errors.

import { createClient, WxLoginError } from "../miniprogram_dist/wxlogin";
import type { Storage } from "../miniprogram_dist/wxlogin";

const client = createClient({ baseUrl: "https://example.com/api/wechat/", wx });

interface Order {
  id: number;
}

Page({
  data: { nickname: "", orders: [] as Order[] },
  stop: () => {},

  async onLoad() {
    this.stop = client.on("signed-out", (reason, error) => {
      if (reason === "account_disabled") wx.showModal({ content: error.reason || error.detail });
    });
    const { nickname } = await client.ready();
    const { data, statusCode } = await client.request<Order[]>({ url: "/api/orders/" });
    this.setData({ nickname, orders: statusCode === 200 ? data : [] });
  },

  onUnload() {
    this.stop();
  },

  async onPhone(event: WechatMiniprogram.ButtonGetPhoneNumber) {
    const { phone_number: number } = await client.bindPhone(event);
    return number;
  },

  onAvatar(event: WechatMiniprogram.CustomEvent<{ avatarUrl: string }>) {
    return client.updateProfile({ avatarPath: event.detail.avatarUrl });
  },

  onUpload(filePath: string) {
    const task = client.upload<{ url: string }>({
      url: "/api/pictures/",
      filePath,
      name: "picture",
      formData: { a: 1 },
    });
    task.onProgressUpdate(({ progress }) => this.setData({ nickname: `${progress} %` }));
    task.abort();
    return task.then(({ data }) => data.url);
  },

  async onOut() {
    try {
      await client.logout({ everywhere: true });
    } catch (error) {
      if (error instanceof WxLoginError && error.kind === "network" && error.retryable) return error.requestId;
    }
    return "";
  },
});

export const encrypted: Storage = {
  get: async (key) => (await wx.getStorage<string>({ key, encrypt: true })).data,
  set: (key, data) => wx.setStorage({ key, data, encrypt: true }),
  remove: (key) => wx.removeStorage({ key }),
};

// @ts-expect-error  baseUrl is required
createClient({ wx });
// @ts-expect-error  wx.request does not support PATCH
client.request({ url: "/", method: "PATCH" });
// @ts-expect-error  there is no such event
client.on("sign-out", () => {});
// @ts-expect-error  user is null if no one is signed in
client.user.nickname.trim();
// @ts-expect-error  signedIn is read-only
client.signedIn = true;
// @ts-expect-error  a mini-program has no fetch, so the DOM types are not included
fetch("https://example.com");
// @ts-expect-error  a mini-program has no localStorage
localStorage.clear();
