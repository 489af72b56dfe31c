import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseRef } from '../../../workflows/contract/site';
import { databaseActions } from '../../../activities/database';
import { failureTypeOf } from '../../../activities/failures';
import { systemClock } from '../../../activities/openstack/clock';
import { sh } from '../../../activities/ssh/shell';
import { contextFor, LocalHosts, until } from '../copy/local-hosts';
import { fakeCockroach } from './fake-cockroach';

let hosts: LocalHosts;
let database: DatabaseRef;
let actions: ReturnType<typeof databaseActions>;

beforeEach(() => {
  hosts = new LocalHosts();
  const host = hosts.ref('db1');
  const store = join(hosts.root, 'store');
  mkdirSync(store);
  writeFileSync(join(store, 'data'), 'x'.repeat(1000));
  hosts.program('db1', 'cockroach', fakeCockroach);
  hosts.program('db1', 'curl', '[ ! -e "$HOME/draining" ]');
  database = {
    host,
    stopSeconds: 60,
    spec: {
      engine: 'cockroach',
      host: 'db1',
      store,
      listen: ':26257',
      http: '127.0.0.1:8080',
      database: 'bookface',
      tables: ['users', 'posts'],
      startFlags: ['--cache=64MiB'],
    },
  };
  actions = databaseActions({ ssh: hosts, clock: systemClock });
});
afterEach(async () => {
  for (const flag of ['wont-stop', 'supervised']) rmSync(inHome(flag), { force: true });
  await stop(0.2);
  await hosts.close();
});

const inHome = (name: string) => join(hosts.home('db1'), name);
const set = (flag: string) => writeFileSync(inHome(flag), '');
const start = () => actions.startDatabase.do({ database }, contextFor());
const stop = (withinSeconds = 10) => actions.stopDatabase.do({ database, withinSeconds }, contextFor());
const look = () => actions.readDatabase.do({ database }, contextFor());
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: Error) => ({ type: failureTypeOf(error), message: error.message }),
  );

describe('looking', () => {
  test('says what there is, running or not', async () => {
    expect(await look()).toMatchObject({ running: false, healthy: false, version: 'v20.2.0', standIn: true });
    await start();
    expect(await look()).toMatchObject({ running: true, healthy: true });
    set('draining');
    expect(await look()).toMatchObject({ running: true, healthy: false });
  });

  test('a store that is not there is not running, and has no bytes', async () => {
    rmSync(database.spec.store, { recursive: true });
    expect(await look()).toMatchObject({ running: false, healthy: false, storeBytes: 0 });
  });
});

describe('stopping', () => {
  test('in order, and again with nothing to do', async () => {
    await start();
    expect(await stop()).toMatchObject({ changed: true, forced: false });
    expect(await look()).toMatchObject({ running: false });
    expect(await stop()).toMatchObject({ changed: false, forced: false });
  });

  test('says a moment at which it was stopped, also when it was stopped before', async () => {
    await start();
    const begun = new Date().toISOString();
    const { stoppedAt } = await stop();
    const again = await stop();
    const now = new Date(Date.now() + 1).toISOString();
    const order = [begun, stoppedAt, again.stoppedAt, now];
    expect(order).toEqual([...order].sort());
    hosts.program('db1', 'date', 'echo 2026-11-20T02:00:00.%6NZ');
    expect(await stop()).toMatchObject({ changed: false, stoppedAt: null });
  });

  test('by force when it does not stop within its time, and says so', async () => {
    await start();
    set('wont-stop');
    expect(await stop(0.3)).toMatchObject({ changed: true, forced: true });
    expect(await look()).toMatchObject({ running: false });
  });

  test('never says stopped while something starts it again', async () => {
    set('wont-stop');
    set('supervised');
    const again = `cockroach start-single-node --store=${database.spec.store}; sleep 0.1`;
    const env = { HOME: hosts.home('db1'), PATH: `${hosts.bin('db1')}:${process.env['PATH']}` };
    const loop = `while [ -e "$HOME/supervised" ]; do ${again}; done`;
    const supervisor = spawn('sh', ['-c', loop], { env, stdio: 'ignore' });
    const ended = new Promise((resolve) => supervisor.once('exit', resolve));
    await until(() => existsSync(inHome('serving')));
    expect(await failureOf(stop(0.2))).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringMatching(/db1 does not stop by any means: .* is held by/) as string,
    });
    for (const flag of ['wont-stop', 'supervised']) rmSync(inHome(flag), { force: true });
    await stop(0.2);
    await ended;
  }, 20_000);

  test('a process that is no server, but writes into the store, holds it', async () => {
    const intruder = spawn('sh', ['-c', `exec sleep 30 >> ${database.spec.store}/data`], { stdio: 'ignore' });
    const ended = new Promise((resolve) => intruder.once('exit', resolve));
    await until(async () => (await look()).running);
    expect(await stop()).toMatchObject({ changed: true });
    await ended;
  });

  test('reading the store does not hold it', async () => {
    const reader = spawn('sh', ['-c', `exec sleep 30 < ${database.spec.store}/data`], { stdio: 'ignore' });
    const ended = new Promise((resolve) => reader.once('exit', resolve));
    await until(() => reader.pid !== undefined && readFileSync(`/proc/${reader.pid}/comm`, 'utf8') === 'sleep\n');
    expect(await look()).toMatchObject({ running: false });
    reader.kill();
    await ended;
  });
});

describe('starting', () => {
  test('returns when it is healthy, and changes nothing the second time', async () => {
    expect(await start()).toMatchObject({ changed: true });
    expect(await start()).toMatchObject({ changed: false });
    const started = hosts.ran.filter((line) => line.includes('start-single-node'));
    expect(started).toHaveLength(1);
    expect(started[0]).toContain('--listen-addr=:26257');
    expect(started[0]).toContain('--cache=64MiB');
  });

  test('two starts at once lead to one server, and both succeed', async () => {
    await Promise.all([start(), start()]);
    expect(await look()).toMatchObject({ healthy: true });
  });

  test('waits for a start that an operator has begun', async () => {
    set('slow-start');
    const command = sh`cockroach start-single-node ${`--store=${database.spec.store}`} --background`;
    const operator = hosts.host(database.host).run(command);
    await until(async () => (await look()).running);
    expect(await start()).toMatchObject({ changed: false });
    await operator;
  });

  test('a server that ends fails it with its last words', async () => {
    set('wont-start');
    expect(await failureOf(start())).toEqual({
      type: 'ResourceFailed',
      message:
        'the database on db1 does not start: cockroach server exited with error: file size mismatch. See .runbook/database-start.log there',
    });
  });
});

describe('counting', () => {
  test('counts every table in one statement', async () => {
    await start();
    const counted = await actions.countRows.do({ database }, contextFor());
    expect(counted).toEqual({ rows: { users: 12, posts: 34 }, marker: null });
  });

  test('writes a marker where counting takes too long, the same at every attempt', async () => {
    await start();
    hosts.program('db1', 'timeout', '[ "$1" = 2 ] && exit 124; shift; exec "$@"');
    const context = contextFor();
    const first = await actions.countRows.do({ database }, context);
    expect(first).toEqual({ rows: null, marker: `runbook-${context.call.key}` });
    expect(await actions.countRows.do({ database }, context)).toEqual(first);
    expect(readFileSync(inHome('statements'), 'utf8')).toContain(
      `insert into runbook_marker values ('runbook-${context.call.key}') on conflict do nothing`,
    );
  });

  test('a table without a count is a failure, not a zero', async () => {
    await start();
    set('no-posts');
    expect(await failureOf(actions.countRows.do({ database }, contextFor()))).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('no count of table posts') as string,
    });
  });
});

test('a marker is written once, and is the same at every attempt', async () => {
  await start();
  const context = contextFor();
  const written = await actions.writeMarker.do({ database }, context);
  expect(written).toEqual({ marker: `runbook-${context.call.key}` });
  expect(await actions.writeMarker.do({ database }, context)).toEqual(written);
  const insert = `insert into runbook_marker values ('${written.marker}') on conflict do nothing`;
  expect(readFileSync(inHome('statements'), 'utf8')).toContain(insert);
  expect(await actions.writeMarker.describe({ database }, context)).toMatchObject({
    command: expect.stringContaining('insert into runbook_marker') as string,
    now: 'it runs and is healthy',
    changes: true,
    output: written,
  });
});

test('describing says what would be sent now, and sends nothing', async () => {
  await start();
  const stopping = await actions.stopDatabase.describe({ database, withinSeconds: 60 }, contextFor());
  expect(stopping).toMatchObject({ now: 'it runs and is healthy', changes: true });
  expect(stopping.command).toMatch(/^ssh db1 -- kill -s TERM \d+( \d+)*$/);
  const starting = await actions.startDatabase.describe({ database }, contextFor());
  expect(starting).toMatchObject({ now: 'it runs and is healthy', changes: null });
  expect(starting.command).toContain('cockroach start-single-node');
  expect(await look()).toMatchObject({ running: true, healthy: true });
});
