'use strict';
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { say } = require('./say');

const minimumNode = 20;

/** @throws if this Node is too old to run the project */
function checkNode(version = process.versions.node) {
  if (Number(version.split('.')[0]) < minimumNode)
    throw new Error(`Node ${version} is too old: Node ${minimumNode} or newer is needed. See https://nodejs.org`);
}

/** Installs the packages of package-lock.json unless exactly those are installed. */
function installPackages(root) {
  if (packagesAreCurrent(root)) return;
  say('Installing packages: npm ci');
  const npm = process.env.npm_execpath;
  const [command, ...words] = npm?.endsWith('.js') ? [process.execPath, npm, 'ci'] : ['npm', 'ci'];
  const { status, error } = spawnSync(command, words, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    throw new Error(`npm ci failed (${error?.message ?? `exit code ${status}`}); its own words are above`);
  fs.writeFileSync(stampFile(root), lockHash(root));
}

/**
 * Whether node_modules holds what package-lock.json says: by a stamp of the lock's hash, or, where somebody ran
 * `npm ci` by hand, by npm's own record being no older than the lock.
 */
function packagesAreCurrent(root) {
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(installed)) return false;
  if (fs.existsSync(stampFile(root))) {
    if (fs.readFileSync(stampFile(root), 'utf8') === lockHash(root)) return true;
  }
  if (fs.statSync(installed).mtimeMs < fs.statSync(path.join(root, 'package-lock.json')).mtimeMs) return false;
  fs.writeFileSync(stampFile(root), lockHash(root));
  return true;
}

const stampFile = (root) => path.join(root, 'node_modules', '.installed-lock-sha256');
const lockHash = (root) =>
  createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');

module.exports = { checkNode, installPackages, packagesAreCurrent };
