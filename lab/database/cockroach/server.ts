import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Jobs } from './backup/jobs';
import { runBackupStatement } from './backup/statements';
import { connect } from './client';
import { cannotDial } from './failure';
import { faultsCleared, hasFault } from './faults';
import { type Address, formatAddress } from './flags';
import { serveHealth } from './health';
import { Postgres } from './postgres';
import { settle } from './settle';
import { Snapshots } from './snapshots';
import { Store } from './store';
import { BUILD_TAG } from './version';

export interface ServerOptions {
  readonly store: string;
  readonly listen: Address;
  readonly http: Address;
  /** Where `nodelocal` storage is; undefined for nowhere. */
  readonly external: string | undefined;
  readonly pidFile: string | undefined;
  /** Called once, when clients are served. */
  readonly onReady: () => void;
}

/** How a server that was asked to end has ended: by SIGTERM, or by SIGINT. */
export type Ending = 'terminated' | 'interrupted';

/**
 * Serves a store until asked to end.
 *
 * Killed at any moment, it takes PostgreSQL with it, and the next start recovers what was committed.
 *
 * @throws Error in the words of the real program if it cannot start.
 */
export async function serve(options: ServerOptions): Promise<Ending> {
  if (hasFault('db-wont-start')) throw exited(`failed to create engines: open ${options.store}: input/output error`);
  const store = new Store(options.store);
  const running: { postgres?: Postgres } = {};
  let state: 'starting' | 'ready' | 'draining' = 'starting';

  const ending = new Promise<Ending>((resolve) => {
    process.on('SIGINT', () => resolve('interrupted'));
    // Uninterruptible means deaf, not draining.
    process.on('SIGTERM', () => hasFault('db-wont-stop-even-by-force') || resolve('terminated'));
    for (const ignored of ['SIGHUP', 'SIGQUIT'] as const) process.on(ignored, () => undefined);
  });
  const drain = async () => {
    state = 'draining';
    await running.postgres?.drain();
  };

  await reserve(options.listen, '--listen-addr');
  const notReady = () => ({ starting: 'node is not healthy', ready: null, draining: 'node is shutting down' })[state];
  const { listen: address, external } = options;
  const [snapshots, jobs] = [new Snapshots(address), new Jobs()];
  const orders = {
    drain,
    stop: () => void process.kill(process.pid, 'SIGTERM'),
    settle: () => settle(address, store),
    statement: ({ statement = '' }) => runBackupStatement(statement, { address, store, external, snapshots, jobs }),
    jobs: () => ({ jobs: jobs.list() }),
    cancel: ({ ids = '' }) => jobs.cancel(ids ? ids.split(',') : []),
    snapshot: async ({ database = '', time = '' }) => ({ id: (await snapshots.at(time)).ids.get(database) }),
  };
  const said = { address, notReady, clusterId: () => store.clusterId(), orders };
  await serveHealth(options.http, said).catch(inUse(options.http, '--http-addr'));
  if (options.pidFile) writePid(options.pidFile);

  try {
    store.prepare();
  } catch (error) {
    throw exited((error as Error).message);
  }
  const { data, temp: scratch, log, lock } = store;
  const lastWrite = store.restarted ? store.lastWrite() : null;
  const postgres = (running.postgres = new Postgres({
    data,
    scratch,
    address: options.listen,
    httpAddress: formatAddress(options.http),
    log,
    lock,
  }));
  const died = postgres.end().then(() => 'died' as const);
  if (!(await postgres.ready())) throw exited(`failed to create engines: ${store.lastError()}`);
  if (lastWrite) await snapshots.begin(lastWrite);
  else await nameDefaultDatabase(options.listen);
  writeAddresses(store, options);
  state = 'ready';
  announce(store, options);
  options.onReady();

  const how = await Promise.race([ending, died]);
  if (how === 'died') throw exited(`the storage engine ended: ${store.lastError()}`);
  process.stdout.write('initiating graceful shutdown of server\n');
  await drain().catch(() => undefined);
  await faultsCleared('db-wont-stop');
  await postgres.stop();
  store.close();
  process.stdout.write('server drained and shutdown completed\n');
  return how;
}

function exited(reason: string): Error {
  return new Error(`cockroach server exited with error: ${reason}`);
}

function inUse(address: Address, flag: string) {
  return (error: NodeJS.ErrnoException): never => {
    const reason = error.code === 'EADDRINUSE' ? 'address already in use' : error.message;
    throw cannotDial(
      exited(`consider changing the port via ${flag}: listen tcp ${formatAddress(address)}: bind: ${reason}`).message,
    );
  };
}

/** Finds out early, and in the right words, whether PostgreSQL will be able to listen. */
async function reserve(address: Address, flag: string): Promise<void> {
  const probe = createServer();
  probe.listen(address);
  await once(probe, 'listening').catch(inUse(address, flag));
  probe.close();
  await once(probe, 'close');
}

/** At one stroke: nobody reads half a number and signals that. */
function writePid(file: string): void {
  writeFileSync(`${file}.${process.pid}`, `${process.pid}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

/** A real store has few files that change: what PostgreSQL can do without, it does without. */
async function nameDefaultDatabase(address: Address): Promise<void> {
  const client = await connect(address, 'template1');
  await client.query('alter database postgres rename to defaultdb');
  await client.query('alter database template0 is_template false');
  await client.query('drop database template0');
  await client.end();
}

function writeAddresses(store: Store, { listen, http }: ServerOptions): void {
  for (const name of ['listen-addr', 'advertise-addr', 'sql-addr', 'advertise-sql-addr'])
    writeFileSync(store.in(`cockroach.${name}`), formatAddress(listen));
  writeFileSync(store.in('cockroach.http-addr'), formatAddress(http));
}

function announce(store: Store, { listen, http }: ServerOptions): void {
  const lines = {
    build: `${BUILD_TAG} (stand-in for CockroachDB, backed by PostgreSQL)`,
    webui: `http://${formatAddress(http)}`,
    sql: `postgresql://root@${formatAddress(listen)}?sslmode=disable`,
    'RPC client flags': `cockroach <client cmd> --host=${formatAddress(listen)} --insecure`,
    logs: store.in('logs'),
    'temp dir': store.temp,
    'store[0]': `path=${store.directory}`,
    'storage engine': 'postgresql',
    status: store.restarted ? 'restarted pre-existing node' : 'initialized new cluster',
    clusterID: store.clusterId(),
    nodeID: '1',
  };
  const took = process.uptime().toFixed(1);
  process.stdout.write(`CockroachDB node starting at ${new Date().toISOString()} (took ${took}s)\n`);
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`${`${name}:`.padEnd(21)}${value}\n`);
}
