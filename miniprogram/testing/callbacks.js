// Asynchronous methods of `wx`: they call the callbacks in the options, or return a promise if there are none.
"use strict";

/**
 * Return the method `name` of `wx`. `run` takes the options and returns the result or a promise of it. An error that it
 * throws becomes `name:fail …`.
 */
function createMethod(name, run) {
  return (options = {}) => {
    const outcome = new Promise((resolve) => setImmediate(resolve))
      .then(() => run(options))
      .then(
        (result) => ({ ...result, errMsg: `${name}:ok` }),
        (error) => Promise.reject({ errMsg: `${name}:fail ${error.message}` }),
      );
    const { success, fail, complete } = options;
    if (!success && !fail && !complete) return outcome;
    const notify = (callback) => (result) => [callback, complete].forEach((each) => each && each(result));
    outcome.then(notify(success), notify(fail));
    return undefined;
  };
}

module.exports = { createMethod };
