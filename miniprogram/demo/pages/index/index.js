const { client, phoneEvent, signInOnAnotherPhone, isFake } = require("../../client");
const { baseUrl } = require("../../config");
const { sentenceFor } = require("../../errors");
const { rowOf } = require("../../sessions");
const { texts } = require("../../texts");

function titleOf(error) {
  if (error.kind === "blocked") return texts.blocked;
  return error.retryable ? texts.offline : texts.failed;
}

Page({
  data: {
    t: texts,
    isFake,
    state: "signing-in", // then "in", "out" or "problem"
    problem: { title: "", sentence: "", reason: "", requestId: "" },
    name: "",
    initial: "",
    nickname: "",
    avatar: "",
    isPhoneBound: false,
    /** @type {ReturnType<typeof rowOf>[]} */
    sessions: [],
    busy: "", // the section that waits for an answer
    note: { section: "", text: "", isQuiet: false },
  },

  /** @type {(() => void)[]} */
  unsubscribe: [],

  onLoad() {
    this.unsubscribe = [
      client.on("signed-in", (user) => this.show(user)),
      client.on("renewed", (user) => this.show(user)),
      client.on("profile", (user) => this.show(user)),
      client.on("signed-out", (reason, error) => this.showNobody(error)),
    ];
    return this.signIn();
  },

  onUnload() {
    this.unsubscribe.forEach((off) => off());
  },

  async onPullDownRefresh() {
    if (client.signedIn) await this.loadSessions();
    wx.stopPullDownRefresh();
  },

  async signIn() {
    this.setData({ state: "signing-in", sessions: [] });
    this.say("", "");
    try {
      this.show(await client.ready());
    } catch (error) {
      console.warn(error.message);
      this.showNobody(error);
      return;
    }
    await this.loadSessions();
  },

  onPhone(event) {
    return this.attempt("phone", async () => {
      await client.bindPhone(await phoneEvent(event));
    });
  },

  onAvatar(event) {
    return this.attempt("profile", async () => {
      await client.updateProfile({ avatarPath: event.detail.avatarUrl });
      this.say("profile", texts.saved);
    });
  },

  // From the form: what the field says on blur is not yet what WeChat found safe.
  onNickname(event) {
    return this.attempt("profile", async () => {
      await client.updateProfile({ nickname: event.detail.value.nickname });
      this.say("profile", texts.saved);
    });
  },

  loadSessions() {
    return this.attempt("sessions", () => this.showSessions());
  },

  async showSessions() {
    const { data } = await client.request({ url: `${baseUrl}sessions/` });
    this.setData({ sessions: data.map(rowOf) });
  },

  async onSignOutThere(event) {
    const { id } = event.currentTarget.dataset;
    await this.attempt("sessions", async () => {
      await client.request({ url: `${baseUrl}sessions/${id}/`, method: "DELETE" });
      this.setData({ sessions: this.data.sessions.filter((session) => session.id !== id) });
    });
  },

  onAnotherPhone() {
    return this.attempt("sessions", async () => {
      await signInOnAnotherPhone();
      await this.showSessions();
    });
  },

  onSignOut() {
    return client.logout();
  },

  onSignOutEverywhere() {
    return client.logout({ everywhere: true });
  },

  /** Does what somebody asked for in a section of the page, and says there what went wrong. */
  async attempt(section, work) {
    this.setData({ busy: section });
    this.say("", "");
    try {
      await work();
    } catch (error) {
      this.complain(section, error);
    }
    if (this.data.busy === section) this.setData({ busy: "" });
  },

  complain(section, error) {
    console.warn(error.message);
    if (client.signedIn) this.say(section, sentenceFor(error), error.kind === "denied");
  },

  say(section, text, isQuiet = true) {
    this.setData({ note: { section, text, isQuiet } });
  },

  show({ nickname, avatar, phone_bound: isPhoneBound }) {
    const name = nickname || texts.nameless;
    const initial = Array.from(nickname)[0] || "";
    this.setData({ state: "in", name, initial, nickname, avatar: avatar || "", isPhoneBound });
  },

  showNobody(error) {
    if (error.code === "logged_out") {
      this.setData({ state: "out" });
      return;
    }
    const { reason = "", requestId = "" } = error;
    const problem = { title: titleOf(error), sentence: sentenceFor(error), reason, requestId };
    this.setData({ state: "problem", problem });
  },
});
