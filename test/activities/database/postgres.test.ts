import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseActions, engineOf } from '../../../activities/database';
import { systemClock } from '../../../activities/openstack/clock';
import { type DatabaseRef, type PostgresSpec } from '../../../workflows/contract/site';
import { freePorts } from '../../lab/ports';
import { failureOf } from '../cloud/small-cloud';
import { contextFor, LocalHosts, until } from '../copy/local-hosts';
import { sweepTest } from '../../support/sweep';
import { RealPostgres } from './real-postgres';

jest.setTimeout(30_000);

const postgres = new RealPostgres();
const hosts = new LocalHosts();
const host = hosts.ref('db1');
const store = join(hosts.root, 'store');
const actions = databaseActions({ ssh: hosts, clock: systemClock });
let database: DatabaseRef;

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  postgres.install(hosts, 'db1');
  postgres.initialise(hosts, 'db1', { store, port });
  database = {
    host,
    stopSeconds: 60,
    spec: {
      ...{ engine: 'postgres', host: 'db1', store, listen: `127.0.0.1:${port}`, user: 'postgres' },
      ...{ database: 'bookface', tables: ['users', 'posts'] },
    },
  };
  await start();
  await sql('postgres', 'create database bookface');
  await sql('bookface', 'create table users as select generate_series(1, 12) as id');
  await sql('bookface', 'create table posts as select generate_series(1, 34) as id');
});
afterEach(() => {
  for (const left of ['postgresql.auto.conf', 'standby.signal']) rmSync(join(store, left), { force: true });
});
afterAll(async () => {
  await stop(0.2);
  await hosts.close();
  postgres.remove();
});

const start = () => actions.startDatabase.do({ database }, contextFor());
const stop = (withinSeconds = 10) => actions.stopDatabase.do({ database, withinSeconds }, contextFor());
const look = () => actions.readDatabase.do({ database }, contextFor());
const count = () => actions.countRows.do({ database }, contextFor());
const onHost = (command: string) =>
  new Promise<string>((resolve, reject) => {
    const env = { HOME: hosts.home('db1'), PATH: `${hosts.bin('db1')}:${process.env['PATH']}` };
    const child = spawn('sh', ['-c', command], { env, cwd: hosts.root });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.on('close', (code) => (code === 0 ? resolve(stdout) : reject(new Error(stderr))));
  });
const sql = (name: string, statements: string) =>
  onHost(`psql -h 127.0.0.1 -p ${database.spec.listen.split(':')[1]} -U postgres -d ${name} -c "${statements}"`);
const postmaster = () => Number(readFileSync(join(store, 'postmaster.pid'), 'utf8').split('\n')[0]);

test('is looked at, counted, stopped in order and started; again with nothing to do', async () => {
  expect(await start()).toMatchObject({ changed: false });
  const seen = await look();
  expect(seen).toMatchObject({ running: true, healthy: true, version: '18.4', standIn: false });
  expect(seen.storeBytes).toBeGreaterThan(10_000_000);
  expect(await count()).toEqual({ rows: { users: 12, posts: 34 }, marker: null });
  expect(await stop()).toMatchObject({ changed: true, forced: false });
  expect(await look()).toMatchObject({ running: false, healthy: false });
  expect(await stop()).toMatchObject({ changed: false });
  expect(await start()).toMatchObject({ changed: true });
});

test.each(['absent', 'damaged'])('a data directory that is %s is not running', async (how) => {
  const spec = { ...database.spec, store: join(hosts.root, how) };
  if (how === 'damaged') await onHost(`mkdir ${spec.store} && cp ${store}/PG_VERSION ${store}/*.conf ${spec.store}`);
  const { storeBytes, ...seen } = await actions.readDatabase.do({ database: { ...database, spec } }, contextFor());
  expect(seen).toMatchObject({ running: false, healthy: false });
  expect(storeBytes > 0).toBe(how === 'damaged');
  await expect(onHost(engineOf({ spec }).start().text)).rejects.toThrow();
  expect(existsSync(spec.store)).toBe(how === 'damaged');
});

test('is stopped by force when it does not stop in order, and starts again with every committed row', async () => {
  await start();
  await sql('bookface', 'insert into users values (13)');
  process.kill(postmaster(), 'SIGSTOP');
  expect(await stop(0.3)).toMatchObject({ changed: true, forced: true });
  // The number of the one that is gone belongs to somebody else by now.
  const somebody = spawn('sleep', ['30'], { stdio: 'ignore' });
  writeFileSync(join(store, 'postmaster.pid'), `${somebody.pid}\n${store}\n`);
  expect(await start()).toMatchObject({ changed: true });
  somebody.kill();
  expect(await count()).toMatchObject({ rows: { users: 13 } });
  await sql('bookface', 'delete from users where id = 13');
});

sweepTest('of two starts at once, one starts it; a third takes nothing away from it', async () => {
  await stop();
  await Promise.all([start(), start()]);
  const first = postmaster();
  await expect(onHost(engineOf(database).start().text)).rejects.toThrow();
  expect(postmaster()).toBe(first);
  expect(await count()).toMatchObject({ rows: { users: 12 } });
});

sweepTest('a start that fails says why, and one on a directory with too open a mode succeeds', async () => {
  await stop();
  await onHost(`chmod 755 ${store} && mv ${store}/global ${store}/elsewhere`);
  expect(await failureOf(start())).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringMatching(
      /db1 does not start: .*global\/pg_control.* See .runbook\/database-start.log/,
    ) as string,
  });
  await onHost(`mv ${store}/elsewhere ${store}/global && chmod 755 ${store}`);
  await start();
  expect(statSync(store).mode & 0o777).toBe(0o700);
});

sweepTest('a standby is running, but not healthy', async () => {
  await stop();
  writeFileSync(join(store, 'standby.signal'), '');
  await onHost(`pg_ctl start -D ${store} -l ${store}/log > /dev/null`);
  expect(await look()).toMatchObject({ running: true, healthy: false });
  await stop();
});

sweepTest('writes a marker where counting takes too long, the same at every attempt', async () => {
  await start();
  hosts.program('db1', 'timeout', '[ "$1" = 2 ] && exit 124; shift; exec "$@"');
  const context = contextFor();
  const first = await actions.countRows.do({ database }, context);
  expect(first).toEqual({ rows: null, marker: `runbook-${context.call.key}` });
  expect(await actions.countRows.do({ database }, context)).toEqual(first);
  rmSync(join(hosts.bin('db1'), 'timeout'));
  expect((await sql('bookface', 'select count(*) from runbook_marker')).trim()).toMatch(/1$/);
  await sql('bookface', 'drop table runbook_marker');
});

test('a stated unit, account, password file and directory of programs are used', () => {
  const engine = engineOf({
    spec: {
      ...(database.spec as PostgresSpec),
      ...{ listen: '/var/run/postgresql:5433', unit: 'postgresql@16-main', runAs: 'postgres' },
      ...{ passwordFile: '/root/.pgpass', binDir: '/usr/lib/postgresql/16/bin' },
    },
  });
  expect(engine.start().text).toMatch(/ sh \S+ postgres timeout 45 systemctl start postgresql@16-main$/);
  expect(engine.stop([7]).text).toBe('systemctl stop --no-block postgresql@16-main && kill -s INT 7');
  expect(engine.health().text).toContain(
    "runuser -u postgres -- env PGCONNECT_TIMEOUT=4 'PGPASSFILE=/root/.pgpass' /usr/lib/postgresql/16/bin/psql",
  );
  expect(engine.health().text).toContain('-h /var/run/postgresql -p 5433');
});

describe('a scratch database', () => {
  /** Longer than the path of a socket may be. */
  const place = join(hosts.root, 'a-rather-long-name-'.repeat(6));

  beforeAll(async () => {
    mkdirSync(join(place, 'scratch'), { recursive: true });
    await stop();
    await onHost(`cp -r ${store} ${place}/scratch/store`);
    await start();
  });

  /** Runs commands after the engine's functions, as the read-back does. */
  const scratch = (commands: string) =>
    onHost(`set -eu
scratch=${place}/scratch
is_alive() { [ -d "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2> /dev/null; }
${engineOf(database).scratch().text}
exec 9> "$scratch/lock"
${commands}`);

  test('serves a copy beside the running original, on no address, and is gone afterwards', async () => {
    writeFileSync(
      join(place, 'scratch/store/postgresql.auto.conf'),
      `include '/nowhere.conf'\nshared_preload_libraries = 'nothing-like-it'\n`,
    );
    const said = await scratch(`
scratch_start "$scratch/store" || { cat "$scratch/log" >&2; exit 1; }
scratch_count users; scratch_count posts
! scratch_count nothing || exit 1
scratch_query bookface 'create table runbook_marker (id text)'
scratch_query bookface "insert into runbook_marker values ('m-1')"
scratch_has_marker m-1 && echo marked
! scratch_has_marker m-2 || exit 1
scratch_query bookface "show listen_addresses" | grep . || echo 'no address'
stat -c %a "$scratch"/.s.PGSQL.5432
echo $scratch_pid > "$scratch/../pid"
scratch_stop; scratch_stop`);
    expect(said.trim().split('\n')).toEqual(['12', '34', 'marked', 'no address', '700']);
    const pid = readFileSync(join(place, 'pid'), 'utf8').trim();
    await until(() => !existsSync(`/proc/${pid}`));
  });

  test('is refused where part of the data lies elsewhere', async () => {
    symlinkSync('/elsewhere', join(place, 'scratch/store/pg_tblspc/16384'));
    const said = await scratch('scratch_start "$scratch/store" || cat "$scratch/log"');
    expect(said).toMatch(/16384 is a symbolic link: what it leads to is not in the copy/);
  });
});
