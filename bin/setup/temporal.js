'use strict';
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { withLock } = require('./lock');
const { dots, say } = require('./say');

const cliVersion = '1.5.1';
const oldestServer = [1, 29];
const goPackage = `github.com/temporalio/cli/cmd/temporal@v${cliVersion}`;

/**
 * Finds the Temporal CLI, or gets it: on the PATH, a copy installed before, the SDK's own download, `go install`.
 *
 * Safe to call from several processes at once. Says on stderr what it does where that takes time.
 * @returns the path of a `temporal` that was seen to run
 * @throws one message with everything that was tried, and how to help
 */
async function getTemporal(env = process.env) {
  const tried = [];
  const found = find(env, tried);
  if (found) return found;
  const copy = installedPath(env);
  return withLock(`${copy}.lock`, waitsFor, async () => {
    if (check(copy).ok) return copy;
    for (const way of [downloadBySdk, installWithGo]) {
      const why = await way(copy, env);
      if (!why) return copy;
      tried.push(why);
    }
    throw new Error(
      [
        'There is no Temporal CLI, and none could be got:',
        ...tried.map((line) => `  - ${line}`),
        'Any one of these helps: put `temporal` on the PATH (https://docs.temporal.io/cli), copy it to',
        `  ${copy},`,
        'give this machine access to https://temporal.download, or install Go (https://go.dev/dl).',
      ].join('\n'),
    );
  });
}

/** The Temporal CLI that is here already, or null; adds to `tried` why a place was of no use. */
function find(env = process.env, tried = []) {
  for (const directory of (env.PATH ?? '').split(path.delimiter).filter(Boolean)) {
    const candidate = path.join(directory, 'temporal');
    if (!fs.existsSync(candidate)) continue;
    const { ok, why } = check(candidate);
    if (ok) return candidate;
    tried.push(`on the PATH: ${why}`);
  }
  if (!tried.length) tried.push('on the PATH: no `temporal`');
  const copy = installedPath(env);
  const { ok, why } = check(copy);
  if (ok) return copy;
  tried.push(`a copy installed before: ${why}`);
  return null;
}

/** Where copies are installed: `$XDG_CACHE_HOME` or `~/.cache`, then `temporal-runbooks/temporal-<version>/temporal`. */
function installedPath(env = process.env) {
  const cache = env.XDG_CACHE_HOME || path.join(env.HOME || os.homedir(), '.cache');
  return path.join(cache, 'temporal-runbooks', `temporal-${cliVersion}`, 'temporal');
}

/** A CLI built with `go install` calls itself 0.0.0-DEV, so the version of the server inside decides. */
function check(file) {
  if (!fs.existsSync(file)) return { ok: false, why: `no ${file}` };
  const { status, stdout, error } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  const version = /Server (\d+)\.(\d+)/.exec(stdout ?? '');
  if (status !== 0 || !version)
    return { ok: false, why: `${file} does not run (${error?.message ?? `exit code ${status}`})` };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < oldestServer[0] || (major === oldestServer[0] && minor < oldestServer[1]))
    return { ok: false, why: `${file} has server ${major}.${minor}; at least ${oldestServer.join('.')} is needed` };
  return { ok: true };
}

/** @returns why it did not work, or undefined */
async function downloadBySdk(copy, env) {
  say(`Getting the Temporal CLI ${cliVersion}: the SDK's own download`);
  const directory = workDirectory(copy);
  try {
    const words = [path.join(__dirname, 'sdk-download.js'), directory, `v${cliVersion}`];
    const failure = await run(process.execPath, words, env, { stalled: () => newestSize(directory) });
    if (failure) return `the SDK's download: ${failure}`;
    const [name] = fs.readdirSync(directory);
    return adopt(path.join(directory, name ?? 'nothing'), copy, "the SDK's download");
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns why it did not work, or undefined */
async function installWithGo(copy, env) {
  if (spawnSync('go', ['version'], { env }).status !== 0) return 'go install: no `go` on the PATH';
  const words = ['install', '-trimpath', '-ldflags=-s -w', goPackage];
  say(`Getting the Temporal CLI ${cliVersion}: go ${words.join(' ')} (2-3 minutes, once)`);
  const directory = workDirectory(copy);
  try {
    const failure = await run('go', words, { ...env, GOBIN: directory });
    return failure ? `go install: ${failure}` : adopt(path.join(directory, 'temporal'), copy, 'go install');
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

function workDirectory(copy) {
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  return fs.mkdtempSync(path.join(path.dirname(copy), 'getting-'));
}

/** The copy appears in one step, and only if it runs. */
function adopt(file, copy, way) {
  const { ok, why } = check(file);
  if (!ok) return `${way}: ${why}`;
  fs.renameSync(file, copy);
  say(`Installed ${copy}`);
}

/**
 * Runs a program and returns the last of its words if it failed.
 * @param stalled a number that grows while there is progress; after 20 s without any the program is ended
 */
function run(command, words, env, { stalled } = {}) {
  return new Promise((resolve) => {
    const done = dots();
    const child = spawn(command, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let tail = '';
    child.stderr.on('data', (data) => (tail = (tail + data).slice(-600)));
    let [last, since, gaveUp] = [-1, Date.now(), false];
    const watch = setInterval(() => {
      const now = stalled?.();
      if (now !== last) [last, since] = [now, Date.now()];
      else if (stalled && Date.now() - since > 20_000) gaveUp = child.kill('SIGKILL');
    }, 500);
    const end = (failure) => {
      clearInterval(watch);
      done();
      resolve(failure);
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (status) =>
      end(status === 0 ? undefined : gaveUp ? 'nothing came for 20 s' : tail.trim().split('\n').at(-1)),
    );
  });
}

function newestSize(directory) {
  return fs.readdirSync(directory).reduce((sum, name) => {
    const stat = fs.statSync(path.join(directory, name), { throwIfNoEntry: false });
    return sum + (stat?.size ?? 0);
  }, 0);
}

function waitsFor(pid) {
  say(`Another process (pid ${pid}) is getting the Temporal CLI: waiting for it`);
}

module.exports = { find, getTemporal, installedPath };
