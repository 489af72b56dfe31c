#!/usr/bin/env node
'use strict';
/** `node bin/temporal.js`: prints the path of a Temporal CLI, getting one first if need be. */
const { getTemporal } = require('./setup/temporal');
const { say } = require('./setup/say');

getTemporal().then(
  (file) => process.stdout.write(`${file}\n`),
  (error) => {
    say(error.message);
    process.exitCode = 3;
  },
);
