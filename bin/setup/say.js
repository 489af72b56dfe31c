'use strict';

/** Set-up talks on stderr only: the stdout of a command belongs to the command. */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Shows that something slow is alive: a dot every five seconds until the returned function is called. */
function dots() {
  let printed = false;
  const timer = setInterval(() => {
    printed = true;
    process.stderr.write('.');
  }, 5000);
  return () => {
    clearInterval(timer);
    if (printed) process.stderr.write('\n');
  };
}

module.exports = { say, dots };
