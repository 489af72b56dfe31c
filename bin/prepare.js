#!/usr/bin/env node
'use strict';
/**
 * Runs before `npm start` and `npm test`: packages, build, Temporal CLI. Uses Node's own modules until there are others.
 */
const path = require('node:path');
const { withLock } = require('./setup/lock');
const { checkNode, installPackages, packagesAreCurrent } = require('./setup/packages');
const { say } = require('./setup/say');
const { getTemporal } = require('./setup/temporal');

const root = path.dirname(__dirname);

async function prepare() {
  checkNode();
  if (!packagesAreCurrent(root))
    await withLock(
      path.join(root, 'build', '.install-lock'),
      (pid) => say(`Another process (pid ${pid}) is installing packages: waiting for it`),
      () => installPackages(root),
    );
  await require('./build').build(root);
  await getTemporal();
}

prepare().catch((error) => {
  say(error.message);
  process.exitCode = 3;
});
