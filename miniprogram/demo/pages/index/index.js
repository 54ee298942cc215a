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
    // "signing-in", "in", "out" or "problem"
    state: "signing-in",
    problem: { title: "", sentence: "", reason: "", requestId: "" },
    name: "",
    initial: "",
    nickname: "",
    avatar: "",
    isPhoneBound: false,
    /** @type {ReturnType<typeof rowOf>[]} */
    sessions: [],
    // The section of the page that waits for an answer.
    busy: "",
    note: { section: "", text: "", isQuiet: false },
  },

  /** @type {(() => void)[]} */
  unsubscribe: [],

  onLoad() {
    this.unsubscribe = [
      client.on("signed-in", (user) => this.showUser(user)),
      client.on("renewed", (user) => this.showUser(user)),
      client.on("profile", (user) => this.showUser(user)),
      client.on("signed-out", (reason, error) => this.showSignedOut(error)),
    ];
    return this.signIn();
  },

  onUnload() {
    this.unsubscribe.forEach((stop) => stop());
  },

  async onPullDownRefresh() {
    if (client.signedIn) await this.loadSessions();
    wx.stopPullDownRefresh();
  },

  async signIn() {
    this.setData({ state: "signing-in", sessions: [] });
    this.showNote("", "");
    try {
      this.showUser(await client.ready());
    } catch (error) {
      console.warn(error.message);
      this.showSignedOut(error);
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
      this.showNote("profile", texts.saved);
    });
  },

  // Read the nickname from the form's submit: on blur, WeChat has not checked it yet.
  onNickname(event) {
    return this.attempt("profile", async () => {
      await client.updateProfile({ nickname: event.detail.value.nickname });
      this.showNote("profile", texts.saved);
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

  /** Run an action of one section of the page, and show its error in that section. */
  async attempt(section, action) {
    this.setData({ busy: section });
    this.showNote("", "");
    try {
      await action();
    } catch (error) {
      this.showError(section, error);
    }
    if (this.data.busy === section) this.setData({ busy: "" });
  },

  showError(section, error) {
    console.warn(error.message);
    if (client.signedIn) this.showNote(section, sentenceFor(error), error.kind === "denied");
  },

  showNote(section, text, isQuiet = true) {
    this.setData({ note: { section, text, isQuiet } });
  },

  showUser({ nickname, avatar, phone_bound: isPhoneBound }) {
    const name = nickname || texts.nameless;
    const initial = Array.from(nickname)[0] || "";
    this.setData({ state: "in", name, initial, nickname, avatar: avatar || "", isPhoneBound });
  },

  showSignedOut(error) {
    if (error.code === "logged_out") {
      this.setData({ state: "out" });
      return;
    }
    const { reason = "", requestId = "" } = error;
    const problem = { title: titleOf(error), sentence: sentenceFor(error), reason, requestId };
    this.setData({ state: "problem", problem });
  },
});
