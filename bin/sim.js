#!/usr/bin/env node
'use strict';
/** `npm run sim`: simulates runbooks; see docs/testing.md. `--root <directory>` takes the sources of another checkout. */
const path = require('node:path');
const { build } = require('./build');

async function main() {
  const words = process.argv.slice(2);
  const at = words.indexOf('--root');
  const root = at < 0 ? path.dirname(__dirname) : path.resolve(words.splice(at, 2)[1]);
  await build(root);
  const { main: simulate } = require(path.join(root, 'build', 'test', 'sim', 'main.js'));
  process.exitCode = await simulate(root, words);
}

main().catch((error) => {
  console.error(error.stack ?? String(error));
  process.exitCode = 2;
});
