const { client } = require("./client");

App({
  onLaunch() {
    // Start the login while the first page loads. That page also calls ready(), shares this login and shows the result.
    // A sign-out therefore lasts only until the next launch.
    client.ready().catch(() => {});
  },
});
