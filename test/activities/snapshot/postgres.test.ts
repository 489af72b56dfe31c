import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyActions } from '../../../activities/copy';
import { databaseActions } from '../../../activities/database';
import { systemClock } from '../../../activities/openstack/clock';
import { restoreActions } from '../../../activities/restore';
import { snapshotActions } from '../../../activities/snapshot';
import { type DatabaseRef } from '../../../workflows/contract/site';
import { freePorts } from '../../lab/ports';
import { failureOf } from '../cloud/small-cloud';
import { contextFor, LocalHosts, until } from '../copy/local-hosts';
import { RealPostgres } from '../database/real-postgres';
import { noCloud, routeTo } from '../restore/store-host';

jest.setTimeout(60_000);

const postgres = new RealPostgres();
const hosts = new LocalHosts();
const host = hosts.ref('db1');
const store = join(hosts.root, 'store');
const snapshot = { host, directory: `${store}.runbook/snapshot` };
const dependencies = { openstack: noCloud, ssh: hosts, routeTo, clock: systemClock };
const actions = {
  ...databaseActions(dependencies),
  ...copyActions(dependencies),
  ...snapshotActions(dependencies),
  ...restoreActions(dependencies),
};
let database: DatabaseRef;
let elsewhere: DatabaseRef;

beforeAll(async () => {
  const [port = 0, other = 0] = await freePorts(2);
  postgres.install(hosts, 'db1');
  postgres.initialise(hosts, 'db1', { store, port });
  const on = (at: number, directory: string): DatabaseRef => ({
    host,
    stopSeconds: 60,
    spec: {
      ...{ engine: 'postgres', host: 'db1', store: directory, listen: `127.0.0.1:${at}`, user: 'postgres' },
      ...{ database: 'bookface', tables: ['users', 'posts'] },
    },
  });
  [database, elsewhere] = [on(port, store), on(other, snapshot.directory)];
  await actions.startDatabase.do({ database }, contextFor());
  await sql('postgres', 'create database bookface');
  await sql('bookface', 'create table users as select generate_series(1, 12) as id');
  await sql(
    'bookface',
    "create table posts as select i as id, repeat('x', 500) as text from generate_series(1, 20000) i",
  );
});
afterAll(async () => {
  for (const each of [elsewhere, database])
    await actions.stopDatabase.do({ database: each, withinSeconds: 10 }, contextFor());
  await hosts.close();
  postgres.remove();
});

const env = () => ({ HOME: hosts.home('db1'), PATH: `${hosts.bin('db1')}:${process.env['PATH']}` });
function run(command: string): ChildProcess {
  return spawn('sh', ['-c', command], { env: env(), cwd: hosts.root, stdio: ['ignore', 'pipe', 'inherit'] });
}
async function sql(name: string, statement: string): Promise<string> {
  const port = database.spec.listen.split(':')[1];
  const child = run(`psql -A -t -h 127.0.0.1 -p ${port} -U postgres -d ${name} -c "${statement}"`);
  let stdout = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${statement} failed`);
  return stdout.trim();
}
const slots = () => sql('postgres', 'select count(*) from pg_replication_slots');
const make = () => actions.makeWorkplace.do({ workplace: snapshot }, contextFor());
const backUp = (context = contextFor()) => actions.backUpOnline.do({ database, snapshot }, context);
const check = () => actions.checkStrategy.do({ database, strategy: 'native' }, contextFor());

test('a backup made while visitors write holds all that was acknowledged before it, and its marker', async () => {
  expect(await check()).toMatchObject({ beside: `${store}.runbook` });
  await make();
  // Writes while the files are copied, over more than one file of the log.
  hosts.program(
    'db1',
    'tar',
    `if [ "$1" = --create ] && [ ! -e "$HOME/written" ]; then
  : > "$HOME/written"
  psql -q -h 127.0.0.1 -p ${database.spec.listen.split(':')[1]} -U postgres -d bookface \\
    -c "insert into posts select i, repeat('y', 500) from generate_series(1, 5000) i" -c 'create table late (i int)' \\
    -c "delete from posts where id % 7 = 0" -c 'checkpoint' >&2 || exit 9
fi
exec /bin/tar "$@"`,
  );
  const taken = await backUp();
  rmSync(join(hosts.bin('db1'), 'tar'));
  expect(taken).toMatchObject({ starts: 1, rows: null, marker: expect.stringMatching(/^runbook-/) as string });
  expect(await slots()).toBe('0');
  const names = readdirSync(snapshot.directory);
  expect(names).toEqual(expect.arrayContaining(['PG_VERSION', 'base', 'backup_label', 'pg_wal']));
  expect(names).not.toContain('postmaster.pid');
  expect(existsSync(join(store, 'backup_label'))).toBe(false);

  appendFileSync(join(snapshot.directory, 'postgresql.conf'), `port = ${elsewhere.spec.listen.split(':')[1]}\n`);
  await actions.startDatabase.do({ database: elsewhere }, contextFor());
  const { rows, hasMarker } = await actions.readRows.do({ database: elsewhere, marker: taken.marker }, contextFor());
  expect(rows).toEqual({ users: 12, posts: Number(await sql('bookface', 'select count(*) from posts')) });
  expect(hasMarker).toBe(true);
  await actions.stopDatabase.do({ database: elsewhere, withinSeconds: 10 }, contextFor());
});

test('one that is killed leaves nothing behind in the server, and is made anew', async () => {
  await make();
  const key = 'killed-job';
  hosts.program('db1', 'tar', `: > ${hosts.root}/copying; sleep 30`);
  const context = contextFor();
  const began = backUp({ ...context, call: { ...context.call, key } }).catch(() => undefined);
  await until(() => existsSync(join(hosts.root, 'copying')));
  expect(await slots()).toBe('1');
  const [pid = ''] = readFileSync(join(hosts.home('db1'), '.runbook/jobs', key, 'started'), 'utf8').split(' ');
  process.kill(-Number(pid), 'SIGKILL');
  await began;
  await until(async () => (await slots()) === '0');
  rmSync(join(hosts.bin('db1'), 'tar'));
  expect(await backUp()).toMatchObject({ starts: 1 });
});

test('a session that is ended while it copies fails it with the reason', async () => {
  await make();
  const port = database.spec.listen.split(':')[1];
  hosts.program(
    'db1',
    'tar',
    `case $* in *--create*) psql -q -h 127.0.0.1 -p ${port} -U postgres -d postgres -c \\
  "select pg_terminate_backend(active_pid) from pg_replication_slots" > /dev/null ;; esac
exec /bin/tar "$@"`,
  );
  expect(await failureOf(backUp())).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringMatching(/PostgreSQL ended the backup: .*terminat/) as string,
  });
  rmSync(join(hosts.bin('db1'), 'tar'));
});

test('is refused before anything is touched, with the reasons of the server', async () => {
  await sql('postgres', 'create role looker login');
  const spec = { ...database.spec, user: 'looker' };
  const refused = { ...database, spec } as DatabaseRef;
  expect(
    await failureOf(actions.checkStrategy.do({ database: refused, strategy: 'native' }, contextFor())),
  ).toMatchObject({
    type: 'PreconditionFailed',
    message: expect.stringContaining(
      'the role may not begin a backup; the role may not make a replication slot',
    ) as string,
  });
});
