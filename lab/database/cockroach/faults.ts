import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Ways to misbehave on purpose; each is a file of that name in the host's directory of faults. */
export type DatabaseFault = 'db-wont-stop' | 'db-wont-stop-even-by-force' | 'db-wont-start';

const directory = process.env.COCKROACH_STAND_IN_FAULTS ?? '/var/lib/lab-faults';

/** True while the fault is set. */
export function hasFault(fault: DatabaseFault): boolean {
  return existsSync(path.join(directory, fault));
}

/** Says, by a file beside the fault's own, that it has taken effect. */
export function confirmFault(fault: DatabaseFault): void {
  writeFileSync(path.join(directory, `${fault}.kept`), '');
}

/** Returns when none of the faults is set (any more). */
export async function faultsCleared(...faults: DatabaseFault[]): Promise<void> {
  while (faults.some(hasFault)) await sleep(50);
}
