// How an asynchronous call of `wx` answers: to the callbacks that it was given, else with a promise.
"use strict";

/** `run` takes the options and returns the result or a promise of it; what it throws becomes `name:fail …`. */
function answering(name, run) {
  return (options = {}) => {
    const outcome = new Promise((resolve) => setImmediate(resolve))
      .then(() => run(options))
      .then(
        (result) => ({ ...result, errMsg: `${name}:ok` }),
        (error) => Promise.reject({ errMsg: `${name}:fail ${error.message}` }),
      );
    const { success, fail, complete } = options;
    if (!success && !fail && !complete) return outcome;
    const tell = (callback) => (result) => [callback, complete].forEach((each) => each && each(result));
    outcome.then(tell(success), tell(fail));
    return undefined;
  };
}

module.exports = { answering };
