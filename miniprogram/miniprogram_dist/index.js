// Where the developer tools look for require("wxlogin").
module.exports = require("./wxlogin");
