const { client } = require("./client");

App({
  onLaunch() {
    // A sign-out lasts until here: a silent login asks nobody.
    // A head start while the first page loads. That page asks again, shares this login and shows what came of it.
    client.ready().catch(() => {});
  },
});
