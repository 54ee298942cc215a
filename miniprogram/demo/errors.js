const { texts } = require("./texts");

const TEXTS_BY_CODE = {
  nickname_blank: texts.nicknameBlank,
  base_library_too_old: texts.wechatTooOld,
  file_missing: texts.fileMissing,
};

/** Return the message for the person. `error.message` is for developers. */
function sentenceFor(error) {
  switch (error.kind) {
    case "network":
    case "interrupted":
      return texts.noConnection;
    case "timeout":
      return texts.tooSlow;
    case "blocked":
      return error.detail || texts.ourFault;
    case "auth":
      return texts.notAccepted;
    case "denied":
      return texts.refused;
    case "privacy":
      return texts.privacy;
    case "wechat":
      return TEXTS_BY_CODE[error.code] || texts.wechatTrouble;
    case "http":
      return error.status >= 400 && error.detail ? error.detail : texts.serverTrouble;
    // "domain", and errors in our own code
    default:
      return texts.ourFault;
  }
}

module.exports = { sentenceFor };
