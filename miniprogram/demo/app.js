const { client } = require("./client");

App({
  onLaunch() {
    // A head start while the first page loads. That page asks again, shares this login and shows what came of it.
    client.ready().catch(() => {});
  },
});
