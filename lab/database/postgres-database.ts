import { Client, DatabaseError } from 'pg';
import { text } from '../layout';
import { type DatabaseAddress, type LabDatabase, PATIENCE_MS, TABLES } from './database';
import { linkLibraries, postgresBinds, postgresScripts } from './postgres/programs';

/**
 * A real PostgreSQL. Its configuration lies outside the data directory, as operating systems' packages have it, and is
 * written at every boot: addresses follow from the lab, not from the data.
 *
 * @param links a directory of the lab's for library links
 */
export function postgresDatabase(links: string): LabDatabase {
  return {
    engine: 'postgres',
    standIn: false,
    faults: ['db-wont-start'],
    firstDatabase: 'postgres',
    versionCommand: 'postgres --version',
    binds: postgresBinds(links),
    prepare: (hostPath) => linkLibraries(links, hostPath),
    programs: postgresScripts,
    configure: (layout, hostPath) => `echo "${configuration(layout.sql)}" > '${hostPath(CONFIGURATION)}'`,
    serve(_, hostPath) {
      const store = `'${hostPath('/bfdata')}'`;
      return `set -e
if [ -z "$(ls -A ${store})" ]; then
  initdb --pgdata=${store} --username=root --auth=trust --encoding=UTF8 --locale=C --wal-segsize=1 --no-sync
  echo "include '${hostPath(CONFIGURATION)}'" >> ${store}/postgresql.conf
  echo 'host all all 127.0.0.0/8 trust' >> ${store}/pg_hba.conf
fi
rm -f ${store}/postmaster.pid # nobody has it at boot
exec postgres -D ${store}`;
    },
    settle: () => Promise.resolve(),
    siteFile: (layout, hostPath) => ({
      engine: 'postgres',
      host: 'db1',
      store: hostPath('/bfdata'),
      listen: text(layout.sql),
      user: 'root',
      database: 'bookface',
      tables: [...TABLES],
    }),
    // A server that comes up or goes down answers, but with a refusal.
    isRunning: async (address) => ['ok', '57P03'].includes(await answerOf(address)),
    isReady: async (address) => (await answerOf(address)) === 'ok',
  };
}

const CONFIGURATION = '/var/lib/postgresql.conf';

const configuration = ({ host, port }: DatabaseAddress['sql']): string => `
listen_addresses = '${host}'
port = ${port}
unix_socket_directories = ''
max_connections = 60
shared_buffers = 32MB
max_wal_size = 64MB
min_wal_size = 8MB
wal_recycle = off
# Every crash a lab knows is a kill, and what was handed to the kernel survives that.
fsync = off`;

/** `ok`, or the SQLSTATE with which it refuses; empty where nobody answers. */
async function answerOf({ sql: { host, port } }: DatabaseAddress): Promise<string> {
  const client = new Client({
    ...{ host, port, user: 'root', database: 'postgres' },
    ...{ connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS },
  });
  client.on('error', () => undefined); // it may be stopped while it answers
  try {
    await client.connect();
    await client.query('select 1');
    return 'ok';
  } catch (error) {
    return (error instanceof DatabaseError && error.code) || '';
  } finally {
    await client.end().catch(() => undefined);
  }
}
