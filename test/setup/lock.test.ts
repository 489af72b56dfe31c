import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../workers/project';
import { freshDirectory } from './programs';

const lockModule = JSON.stringify(join(projectRoot, 'bin', 'setup', 'lock.js'));

/** A process that, inside the lock, writes `in` and `out` to a file, some time apart. */
async function worker(directory: string): Promise<number | null> {
  const code = `
    const { appendFileSync } = require('fs');
    const { setTimeout: sleep } = require('timers/promises');
    require(${lockModule}).withLock('${directory}/lock', () => {}, async () => {
      appendFileSync('${directory}/log', 'in ');
      await sleep(30);
      appendFileSync('${directory}/log', 'out ');
    });`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', 'inherit'] });
  await once(child, 'exit');
  return child.exitCode;
}

test('only one process at a time is inside, and none is forgotten', async () => {
  const directory = freshDirectory();
  // A pid that no process can have: its holder is dead.
  writeFileSync(join(directory, 'lock'), '99999999');
  const codes = await Promise.all(Array.from({ length: 6 }, () => worker(directory)));
  expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
  expect(readFileSync(join(directory, 'log'), 'utf8')).toBe('in out '.repeat(6));
  expect(existsSync(join(directory, 'lock'))).toBe(false);
});
