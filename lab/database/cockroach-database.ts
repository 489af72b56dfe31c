import { text } from '../layout';
import { type DatabaseAddress, type LabDatabase, PATIENCE_MS, TABLES } from './database';
import { type Cockroach, cockroachBinds, cockroachScript } from './find-cockroach';

/** CockroachDB, or its stand-in. */
export function cockroachDatabase(cockroach: Cockroach): LabDatabase {
  return {
    engine: 'cockroach',
    standIn: cockroach.standIn,
    faults: cockroach.standIn ? ['db-wont-stop', 'db-wont-stop-even-by-force', 'db-wont-start'] : [],
    firstDatabase: 'defaultdb',
    versionCommand: 'cockroach version --build-tag',
    binds: cockroachBinds(cockroach),
    prepare: () => undefined,
    programs: (hostPath) => ({ cockroach: cockroachScript(cockroach, hostPath) }),
    configure: () => '',
    serve: (layout, hostPath) =>
      [
        `exec cockroach start-single-node --insecure --store=${hostPath('/bfdata')}`,
        `--listen-addr=${text(layout.sql)} --http-addr=${text(layout.databaseHealth)}`,
      ].join(' '),
    settle: async (address) => (cockroach.standIn ? settleStandIn(address) : undefined),
    siteFile: (layout, hostPath) => ({
      engine: 'cockroach',
      host: 'db1',
      store: hostPath('/bfdata'),
      listen: text(layout.sql),
      http: text(layout.databaseHealth),
      database: 'bookface',
      tables: [...TABLES],
    }),
    isRunning: (address) => isHealthy(address, '/health'),
    isReady: (address) => isHealthy(address, '/health?ready=1'),
  };
}

/** The real program does that by itself. */
async function settleStandIn({ databaseHealth }: DatabaseAddress): Promise<void> {
  const answer = await fetch(`http://${text(databaseHealth)}/_stand-in/settle`, { method: 'POST' });
  if (!answer.ok) throw new Error(`the database's data could not be settled: ${await answer.text()}`);
}

async function isHealthy({ databaseHealth }: DatabaseAddress, path: string): Promise<boolean> {
  try {
    const url = `http://${text(databaseHealth)}${path}`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
