#!/usr/bin/env node
'use strict';
/** The `runbook` command: builds what is stale, then runs the command line. Works after `npm ci` alone. */
const path = require('node:path');
const { checkNode, packagesAreCurrent } = require('./setup/packages');
const { say } = require('./setup/say');
const { mapStacksIn } = require('./source-lines');

const root = path.dirname(__dirname);

async function main() {
  // Node 22 and newer keep what they have compiled; the contents of a file decide whether that is still good.
  require('node:module').enableCompileCache?.(path.join(root, 'build', 'compile-cache'));
  checkNode();
  if (!packagesAreCurrent(root)) say('node_modules does not match package-lock.json; npm ci would mend that');
  await require('./build').build(root);
  mapStacksIn(path.join(root, 'build'));
  await require('../build/cli/main').main();
}

main().catch((error) => {
  say(
    error.code === 'MODULE_NOT_FOUND' ? `${error.message.split('\n')[0]}; run npm ci` : (error.stack ?? String(error)),
  );
  process.exitCode = 2;
});
