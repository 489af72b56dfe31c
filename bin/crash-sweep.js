#!/usr/bin/env node
'use strict';
/** `node bin/crash-sweep.js [options]`: kills everything at every moment of a daily backup, or of a restore, on the lab; `--help` tells more. */
const path = require('node:path');
const { requireTypeScript } = require('./typescript');

const root = path.dirname(__dirname);

requireTypeScript(root);
require(path.join(root, 'test', 'crash', 'main'));
