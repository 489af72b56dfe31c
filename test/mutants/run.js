#!/usr/bin/env node
'use strict';
/** `npm run test:mutants`: breaks the product on purpose, one fault at a time; `--help` tells more. */
const path = require('node:path');
const { requireTypeScript } = require('../../bin/typescript');

const project = path.join(__dirname, '..', '..');

requireTypeScript(project);
require('./main')
  .main(project, process.argv.slice(2))
  .then((status) => (process.exitCode = status));
