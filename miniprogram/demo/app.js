const { client } = require("./client");

App({
  onLaunch() {
    // So a sign-out lasts only until the next launch, which signs in silently.
    // A head start while the first page loads. That page asks again, shares this login and shows what came of it.
    client.ready().catch(() => {});
  },
});
