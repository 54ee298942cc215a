// The developer tools resolve require("wxlogin") to this file.
module.exports = require("./wxlogin");
