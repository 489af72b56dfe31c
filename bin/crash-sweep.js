#!/usr/bin/env node
'use strict';
/** `node bin/crash-sweep.js [options]`: kills everything at every moment of a daily backup on the lab; `--help` tells more. */
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { transformSync } = require('@swc/core');

const root = path.dirname(__dirname);

/** The sweep lies with the tests, which are not built ahead. */
Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(fs.readFileSync(filename, 'utf8'), { cwd: root, filename, sourceMaps: 'inline' });
  module._compile(code, filename);
};
process.setSourceMapsEnabled(true);

require(path.join(root, 'test', 'crash', 'main'));
