import { engineOf } from '../database';
import { type Implementations } from '../implementation';
import { type CommandResult } from '../ssh/exec';
import { type RestoreDependencies } from './dependencies';

/**
 * Longer than a count for a backup may take, which a restore of it is held to: what was just restored is in no cache.
 *
 * @param asOf given for a backup
 */
const countSeconds = (asOf: string | undefined): number => (asOf === undefined ? 10 : 2);
/** As engines bound it. */
const markerSeconds = 5;
/** Not being able to count is an answer. */
const anyExit = Array.from({ length: 256 }, (_, code) => code);

/** What can be counted of a database, whatever state it is in. */
export function rowsAction({ ssh }: RestoreDependencies): Pick<Implementations, 'readRows'> {
  return {
    readRows: {
      async do({ database, marker, asOf }, { signal }) {
        const engine = engineOf(database);
        const host = ssh.host(database.host);
        const options = { signal, timeoutMs: 13_000, allowExit: anyExit };
        const [counted, looked] = await Promise.all([
          host.run(engine.countRows(countSeconds(asOf), asOf), options),
          marker === null ? null : host.run(engine.hasMarker(marker), options),
        ]);
        const [rows, noRows] = readOr(counted, countSeconds(asOf), (text) => engine.readRows(text));
        const [hasMarker, noMarker] = looked ? readOr(looked, markerSeconds, markerIn) : [null, null];
        return { rows, hasMarker, problem: noRows ?? noMarker };
      },
      async describe({ database, asOf }) {
        const moment = asOf === undefined ? undefined : '<asOf>'; // only a run has one
        return {
          command: ssh.render(database.host, engineOf(database).countRows(countSeconds(asOf), moment)),
          now: null,
          changes: false,
          output: { rows: null, hasMarker: null, problem: 'only a run can count what is not there yet' },
        };
      },
    },
  };
}

/** What an answer says, or why it says nothing. */
function readOr<T>(
  { exitCode, stdout, stderr }: CommandResult,
  withinSeconds: number,
  read: (text: string) => T,
): [T, null] | [null, string] {
  if (exitCode === 124) return [null, `no answer within ${withinSeconds} s`];
  if (exitCode !== 0) {
    const lines = `${stdout}\n${stderr}`.trim().split('\n');
    return [null, (lines.findLast((line) => /error|fatal/i.test(line)) ?? lines.at(-1) ?? '').slice(0, 300)];
  }
  try {
    return [read(stdout), null];
  } catch (error) {
    return [null, (error as Error).message];
  }
}

function markerIn(stdout: string): boolean {
  const last = stdout.trim().split(/\s+/).at(-1);
  if (last !== '0' && last !== '1') throw new Error(`no count of marker rows in: ${stdout.slice(0, 200)}`);
  return last === '1';
}
