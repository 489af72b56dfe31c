#!/usr/bin/env node
'use strict';
/** `npm run test:sweep`: the simulation, the tests that have long ones among them, then the crash sweep of a backup and that of a restore; with arguments, that part of the crash sweep. */
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const words = process.argv.slice(2);
const env = { ...process.env, TEST_SWEEP: '1' };

function run(program, ...args) {
  return spawnSync(process.execPath, [path.join(__dirname, program), ...args], { env, stdio: 'inherit' }).status === 0;
}

const simulated = [
  ['daily-backup', '10000'],
  ['restore', '3000'],
];
const longTests = [
  'test/e2e',
  'test/activities/restore',
  'test/activities/database',
  'test/cli/schedules',
  'test/workflows',
  'test/sim/drills',
];

const all = words.length === 0;
const seeds = !all || simulated.every(([runbook, count]) => run('sim.js', '--runbook', runbook, '--seeds', count));
const tests = !all || run('test.js', ...longTests);
// The seed, another one each time, decides what the time is not enough for.
const crashes = run('crash-sweep.js', ...(all ? ['--minutes', '36'] : words));
const restores = !all || run('crash-sweep.js', '--subject', 'restore', '--minutes', '12');
process.exitCode = seeds && tests && crashes && restores ? 0 : 1;
