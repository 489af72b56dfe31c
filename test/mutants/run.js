#!/usr/bin/env node
'use strict';
/** `npm run test:mutants`: breaks the product on purpose, one fault at a time; `--help` tells more. */
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { transformSync } = require('@swc/core');

const project = path.join(__dirname, '..', '..');

/** Tests are not built ahead. */
Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(fs.readFileSync(filename, 'utf8'), { cwd: project, filename, sourceMaps: 'inline' });
  module._compile(code, filename);
};
process.setSourceMapsEnabled(true);

require('./main')
  .main(project, process.argv.slice(2))
  .then((status) => (process.exitCode = status));
