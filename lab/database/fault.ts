import { type DatabaseFault } from './cockroach/faults';

export { type DatabaseFault };

/** Runs a shell command on the database's host. */
export type HostExec = (command: string) => Promise<unknown>;

/**
 * Makes the database of a host misbehave from the return of this function on. The stand-in only: a real `cockroach` knows nothing of it.
 *
 * - `db-wont-stop`: drains on SIGTERM and then hangs; ends on SIGKILL
 * - `db-wont-stop-even-by-force`: ignores SIGTERM, and is running again within 0.1 s after SIGKILL
 * - `db-wont-start`: the next start fails, exit code 1
 *
 * @param directory the host's directory of faults. @default '/var/lib/lab-faults'
 */
export async function setDatabaseFault(exec: HostExec, kind: DatabaseFault, directory = FAULTS): Promise<void> {
  const file = `'${directory}/${kind}'`;
  await exec(`mkdir -p '${directory}' && : > ${file}`);
  // Where a server runs, it says when it is kept running; where none does, nobody will.
  if (kind === 'db-wont-stop-even-by-force')
    await exec(`for i in $(seq 20); do [ -e ${file}.kept ] && break; sleep 0.1; done`);
}

/** Ends all faults; a stop that hung goes on. */
export async function clearDatabaseFaults(exec: HostExec, directory = FAULTS): Promise<void> {
  await exec(`rm -f '${directory}'/db-wont-*`);
}

const FAULTS = '/var/lib/lab-faults';
