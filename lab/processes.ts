import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The command line of a process; empty if it has ended. */
export function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  } catch {
    return '';
  }
}

/**
 * Ends the process, gracefully and then by force, and returns when it is gone.
 *
 * @param isIt says whether a command line is still that of the process: ids are used again
 */
export async function endProcess(pid: number, isIt: (commandLine: string) => boolean, patienceMs: number) {
  const goesOn = () => isIt(commandLine(pid));
  for (const [signal, waitMs] of [
    ['SIGTERM', patienceMs],
    ['SIGKILL', 10_000],
  ] as const) {
    if (!goesOn()) return;
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + waitMs; goesOn() && Date.now() < until;) await sleep(20);
  }
  if (goesOn()) throw new Error(`process ${pid} does not end`);
}
