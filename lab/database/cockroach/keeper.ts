import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { confirmFault, hasFault } from './faults';

const FAULT = 'db-wont-stop-even-by-force';

/** In the environment of a keeper: the server's pid and flags. In that of a server it started: empty. */
const VARIABLE = 'COCKROACH_STAND_IN_KEEPER';

/**
 * While the fault is set, a second process starts this server again within 0.1 s after it was killed: no process can
 * really refuse SIGKILL, but one can be found running every time somebody looks.
 */
export function keepRunning(argv: readonly string[]): void {
  let kept = process.env[VARIABLE] !== undefined;
  const watch = setInterval(() => {
    if (kept && hasFault(FAULT)) return;
    kept = hasFault(FAULT);
    if (!kept) return;
    const server = JSON.stringify({ pid: process.pid, argv });
    const keeper = spawn(process.execPath, [path.join(__dirname, 'keeper.js')], {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, [VARIABLE]: server },
    });
    keeper.unref();
  }, 50);
  watch.unref();
}

async function keep(kept: { pid: number; argv: string[] }): Promise<void> {
  let { pid } = kept;
  confirmFault(FAULT);
  while (hasFault(FAULT)) {
    if (!isAlive(pid)) {
      const server = spawn(process.execPath, [__dirname, 'start-single-node', ...kept.argv], {
        detached: true,
        stdio: 'ignore',
        env: { ...process.env, [VARIABLE]: '' },
      });
      server.unref();
      pid = server.pid ?? 0;
    }
    await sleep(20);
  }
}

/** False for a process that has ended and that its parent has not collected yet, too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

if (require.main === module) {
  process.title = 'lab-fault';
  void keep(JSON.parse(process.env[VARIABLE] ?? '') as { pid: number; argv: string[] });
}
