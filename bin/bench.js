#!/usr/bin/env node
'use strict';
/** `npm run bench`: measures ours beside the others; `--help` tells more. */
const path = require('node:path');
const { build } = require('./build');
const { requireTypeScript } = require('./typescript');

const root = path.dirname(__dirname);

async function main() {
  await build(root);
  requireTypeScript(root);
  process.exitCode = await require(path.join(root, 'bench', 'main')).main(root, process.argv.slice(2));
}

main().catch((error) => {
  console.error(error.stack ?? String(error));
  process.exitCode = 2;
});
