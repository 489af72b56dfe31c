'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

/**
 * Runs `body` while no other process does so under the same lock file; the lock of a dead process is taken over.
 *
 * @param file path of the lock; its directory is made
 * @param onWait called once with the holder's pid if there is somebody to wait for
 */
async function withLock(file, onWait, body) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  fs.writeFileSync(mine, String(process.pid));
  try {
    for (let waited = false; !take(mine, file);) {
      const holder = holderOf(file);
      if (holder === null || !isAlive(holder)) {
        release(file, holder);
        continue;
      }
      if (!waited) onWait(holder);
      waited = true;
      await sleep(200);
    }
    try {
      return await body();
    } finally {
      fs.rmSync(file, { force: true });
    }
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

/** A link is made or refused in one step, and the lock names its holder from the moment it exists. */
function take(mine, file) {
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Two processes may find the same dead holder: whoever moved somebody's new lock away by mistake puts it back. */
function release(file, deadHolder) {
  const aside = `${file}.${process.pid}.dead`;
  try {
    fs.renameSync(file, aside);
    if (deadHolder !== null && holderOf(aside) !== deadHolder) take(aside, file);
    fs.rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = { withLock };
