import { type OutputOf } from '../../workflows/contract/actions';
import { fail } from '../failures';
import { type Host } from '../ssh/hosts';
import { sh } from '../ssh/shell';
import { besideInStore, type DatabaseEngine } from './engine';
import { findProcesses, holdersOf } from './processes';
import { isHealthy } from './start';

/** Size of a store on disk, without counting hard links twice; 0 for one that is not there. */
async function bytesOf({ store }: DatabaseEngine, host: Host, signal: AbortSignal): Promise<number> {
  // du says 1 when a file vanished while it looked, which is nothing special in a store that is served.
  const look = sh`[ ! -e ${store} ] && echo 0 || du -sb ${`--exclude=${besideInStore}`} ${store}`;
  const { stdout } = await host.run(look, { signal, allowExit: [0, 1] });
  const bytes = /^(\d+)\s/.exec(stdout)?.[1];
  if (bytes !== undefined) return Number(bytes);
  throw fail('PreconditionFailed', `the size of ${store} on ${host.ref.name} cannot be seen. May the user read it?`, {
    target: `database/${host.ref.name}`,
    operation: 'du',
  });
}

/** Size of a store that is to be copied. @throws `PreconditionFailed` if there is none */
export async function storeBytes(engine: DatabaseEngine, host: Host, signal: AbortSignal): Promise<number> {
  const bytes = await bytesOf(engine, host, signal);
  if (bytes > 0) return bytes;
  throw fail('PreconditionFailed', `there is no store ${engine.store} on ${host.ref.name}. Is the site file right?`, {
    target: `database/${host.ref.name}`,
    operation: 'du',
  });
}

/** Everything that can be seen of a database without changing it; a damaged or absent store is not running. */
export async function lookAtDatabase(
  engine: DatabaseEngine,
  host: Host,
  signal: AbortSignal,
): Promise<OutputOf<'readDatabase'>> {
  const [processes, answers, version, bytes] = await Promise.all([
    findProcesses(host, engine, signal),
    isHealthy(engine, host, signal),
    host.run(engine.version(), { signal, allowExit: [0, 127] }),
    bytesOf(engine, host, signal),
  ]);
  if (version.exitCode === 127)
    throw fail('PreconditionFailed', `${host.ref.name} has no program ${engine.programs.join(' or ')} on its PATH`, {
      target: `database/${host.ref.name}`,
      operation: 'readDatabase',
    });
  const running = holdersOf(processes).length > 0;
  return {
    running,
    healthy: running && answers,
    ...engine.readVersion(version.stdout),
    storeBytes: bytes,
    looksBack: engine.looksBack,
  };
}
