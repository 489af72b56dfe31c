#!/usr/bin/env node
'use strict';
/** `npm run test:sweep`: 10,000 seeds of the simulation, the end-to-end tests with the long ones, then the crash sweep; with arguments, that part of the crash sweep. */
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const words = process.argv.slice(2);
const env = { ...process.env, TEST_SWEEP: '1' };

function run(program, ...args) {
  return spawnSync(process.execPath, [path.join(__dirname, program), ...args], { env, stdio: 'inherit' }).status === 0;
}

const seeds = words.length > 0 || run('sim.js', '--seeds', '10000');
const tests = words.length > 0 || run('test.js', 'test/e2e');
// The seed, another one each time, decides what the time is not enough for.
const crashes = run('crash-sweep.js', ...(words.length > 0 ? words : ['--minutes', '48']));
process.exitCode = seeds && tests && crashes ? 0 : 1;
