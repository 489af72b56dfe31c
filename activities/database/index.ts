import { type DatabaseRef } from '../../workflows/contract/site';
import { type Implementations } from '../implementation';
import { type Clock } from '../openstack/clock';
import { type SshHosts } from '../ssh/hosts';
import { countRows, markerOf } from './count';
import { engineOf } from './engines';
import { lookAtDatabase } from './look';
import { findProcesses, holdersOf, listProcesses } from './processes';
import { isHealthy, startDatabase, startDetached } from './start';
import { stopDatabase, stopOf } from './stop';

export { findBeside } from './beside';
export { besideInStore, type DatabaseEngine } from './engine';
export { markerOf } from './count';
export { engineOf, pathsLike, storeMakerOf } from './engines';
export { storeBytes } from './look';
export { listProcesses, storeHolders } from './processes';

export interface DatabaseDependencies {
  readonly ssh: SshHosts;
  readonly clock: Clock;
}

/** The actions on a database, the same for every engine. */
export function databaseActions({
  ssh,
  clock,
}: DatabaseDependencies): Pick<
  Implementations,
  'readDatabase' | 'countRows' | 'writeMarker' | 'stopDatabase' | 'startDatabase'
> {
  const of = (database: DatabaseRef) => ({ engine: engineOf(database), host: ssh.host(database.host) });

  async function look(database: DatabaseRef, signal: AbortSignal) {
    const { engine, host } = of(database);
    const processes = await findProcesses(host, engine, signal);
    const running = holdersOf(processes).length > 0;
    const healthy = running && (await isHealthy(engine, host, signal));
    const now = !running ? 'it is stopped' : healthy ? 'it runs and is healthy' : 'it runs, but is not healthy';
    return { processes, running, healthy, now };
  }

  return {
    readDatabase: {
      do({ database }, { signal }) {
        const { engine, host } = of(database);
        return lookAtDatabase(engine, host, signal);
      },
      async describe({ database }) {
        const { engine } = of(database);
        const { looksBack } = engine;
        return {
          command: ssh.render(database.host, listProcesses(engine)),
          now: null,
          changes: false,
          output: { running: true, healthy: true, version: 'unknown', standIn: false, storeBytes: 0, looksBack },
        };
      },
    },

    countRows: {
      do({ database }, { call, signal }) {
        const { engine, host } = of(database);
        return countRows(engine, host, { key: call.key, signal });
      },
      async describe({ database }, { signal }) {
        const { engine } = of(database);
        return {
          command: ssh.render(database.host, engine.countRows()),
          now: (await look(database, signal)).now,
          changes: null, // a marker is written only where counting takes too long
          output: { rows: Object.fromEntries(database.spec.tables.map((table) => [table, 0])), marker: null },
        };
      },
    },

    writeMarker: {
      async do({ database }, { call, signal }) {
        const { engine, host } = of(database);
        const marker = markerOf(call.key);
        await host.run(engine.mark(marker), { signal });
        return { marker };
      },
      async describe({ database }, { call, signal }) {
        const { engine } = of(database);
        const marker = markerOf(call.key);
        return {
          command: ssh.render(database.host, engine.mark(marker)),
          now: (await look(database, signal)).now,
          changes: true,
          output: { marker },
        };
      },
    },

    stopDatabase: {
      do({ database, withinSeconds }, context) {
        const { engine, host } = of(database);
        return stopDatabase(engine, host, withinSeconds, { clock, context });
      },
      async describe({ database }, { signal }) {
        const { processes, running, now } = await look(database, signal);
        const { engine } = of(database);
        return {
          command: running ? ssh.render(database.host, stopOf(engine, processes)) : 'nothing: no process to stop',
          now,
          changes: running,
          output: {
            changed: running,
            forced: false,
            tookMs: 0,
            stoppedAt: engine.looksBack ? new Date(0).toISOString() : null,
          },
        };
      },
    },

    startDatabase: {
      do({ database }, context) {
        const { engine, host } = of(database);
        return startDatabase(engine, host, { clock, context });
      },
      async describe({ database }, { signal }) {
        const { healthy, now } = await look(database, signal);
        return {
          command: ssh.render(database.host, startDetached(of(database).engine, database.host)),
          now,
          changes: healthy ? null : true, // an earlier step of the plan may stop it
          output: { changed: true, tookMs: 0 },
        };
      },
    },
  };
}
