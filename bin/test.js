#!/usr/bin/env node
'use strict';
/**
 * `npm test`: static checks, then every layer of tests; arguments go to jest. Each static check counts as one test,
 * and the last line sums up: `N passed, N failed`.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.dirname(__dirname);
const results = path.join(root, 'build', 'jest.json');
/** Tests wait for half of their time: for hosts that boot, limits that pass, what may land late. */
const jestWorkers = os.availableParallelism() + 1;
const checks = {
  types: ['tsc', '--noEmit'],
  lint: ['eslint', '.'],
  imports: ['depcruise', '--config', '.dependency-cruiser.cjs', 'workflows', 'activities', 'workers', 'cli', 'lab'],
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
};

function run([program, ...words], stdio) {
  return new Promise((resolve) => {
    const child = spawn(path.join(root, 'node_modules', '.bin', program), words, { cwd: root, stdio });
    let output = '';
    child.stdout?.on('data', (data) => (output += data));
    child.stderr?.on('data', (data) => (output += data));
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (status) => resolve({ ok: status === 0, output }));
  });
}

async function runCheck([name, words]) {
  const started = Date.now();
  const { ok, output } = await run(words, ['ignore', 'pipe', 'pipe']);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!ok) console.log(output);
  return ok;
}

async function runJest(words) {
  fs.rmSync(results, { force: true });
  fs.mkdirSync(path.dirname(results), { recursive: true });
  const report = ['--json', `--outputFile=${results}`];
  const { ok } = await run(
    ['jest', `--maxWorkers=${jestWorkers}`, '--passWithNoTests', ...report, ...words],
    [
      'ignore',
      // With --json jest repeats the results on stdout; what people read is on stderr.
      'ignore',
      'inherit',
    ],
  );
  if (!fs.existsSync(results)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(
    fs.readFileSync(results, 'utf8'),
  );
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { passed: numPassedTests, failed: failed || (ok ? 0 : 1), skipped: numPendingTests };
}

async function main() {
  const [a, b, ...rest] = Object.entries(checks);
  const first = await Promise.all([runCheck(a), runCheck(b)]);
  const static_ = [...first, ...(await Promise.all(rest.map(runCheck)))];
  const jest = await runJest(process.argv.slice(2));
  const passed = static_.filter(Boolean).length + jest.passed;
  const failed = static_.filter((ok) => !ok).length + jest.failed;
  console.log(`\nstatic checks ${static_.filter(Boolean).length} of ${static_.length}, skipped tests ${jest.skipped}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

void main();
