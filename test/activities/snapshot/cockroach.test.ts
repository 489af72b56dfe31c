import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { copyActions } from '../../../activities/copy';
import { databaseActions } from '../../../activities/database';
import { systemClock } from '../../../activities/openstack/clock';
import { restoreActions } from '../../../activities/restore';
import { snapshotActions } from '../../../activities/snapshot';
import { type DatabaseRef } from '../../../workflows/contract/site';
import { StandIn } from '../../lab/database/stand-in';
import { failureOf } from '../cloud/small-cloud';
import { fakeSsh } from '../copy/fake-ssh';
import { contextFor, LocalHosts } from '../copy/local-hosts';
import { noCloud, routeTo } from '../restore/store-host';

jest.setTimeout(120_000);

const standIn = new StandIn();
const hosts = new LocalHosts();
const host = hosts.ref('db1', { address: 'db1.example' });
const workplace = { host: hosts.ref('backup'), directory: join(hosts.root, 'volume', '.work') };
const directory = join(hosts.root, 'volume', 'archives');
const dependencies = { openstack: noCloud, ssh: hosts, routeTo, clock: systemClock };
const actions = {
  ...databaseActions(dependencies),
  ...copyActions(dependencies),
  ...snapshotActions(dependencies),
  ...restoreActions(dependencies),
};
const started: DatabaseRef[] = [];

async function databaseOn(store: string): Promise<DatabaseRef> {
  const { host: listen, http } = await standIn.server();
  const database: DatabaseRef = {
    host,
    stopSeconds: 60,
    spec: {
      ...{ engine: 'cockroach', host: 'db1', store, listen, http },
      ...{ database: 'bookface', tables: ['users', 'posts'], startFlags: [] },
    },
  };
  started.push(database);
  return database;
}

beforeAll(() => {
  for (const name of ['db1', 'backup']) hosts.program(name, 'cockroach', `exec ${standIn.directory}/cockroach "$@"`);
  hosts.program('backup', 'ssh', fakeSsh(hosts.home('db1')));
  hosts.program('backup', 'hostname', 'echo 10.9.9.9');
});
afterAll(async () => {
  for (const database of started) await actions.stopDatabase.do({ database, withinSeconds: 10 }, contextFor());
  await standIn.close();
  await hosts.close();
});

test('its own backup is copied off the node, read back by a restore, and becomes a store that serves the rows', async () => {
  const store = join(hosts.root, 'store');
  const database = await databaseOn(store);
  await actions.startDatabase.do({ database }, contextFor());
  const sql = (name: string, ...statements: string[]) =>
    standIn.run(
      ...['sql', '--insecure', `--host=${database.spec.listen}`, `--database=${name}`, '--format=csv'],
      ...statements.flatMap((statement) => ['-e', statement]),
    );
  await sql('defaultdb', 'create database bookface');
  const made = await sql(
    'bookface',
    ...['users', 'posts'].map((table) => `create table ${table} (id int primary key)`),
    'insert into users select generate_series(1, 12)',
  );
  expect(made).toMatchObject({ code: 0 });

  const { beside } = await actions.checkStrategy.do({ database, strategy: 'native' }, contextFor());
  expect(beside).toBe(`${store}/extern/runbook`);
  const snapshot = { host, directory: `${beside}/snapshot` };
  const pull = { workplace, database, name: 'daily-backup', snapshot: snapshot.directory };
  await actions.makeWorkplace.do({ workplace: snapshot }, contextFor());
  await actions.makeWorkplace.do({ workplace }, contextFor());
  await actions.authorizePull.do({ pull }, contextFor());
  const taken = await actions.backUpOnline.do({ database, snapshot }, contextFor());
  expect(taken).toMatchObject({ form: 'backup', rows: { users: 12, posts: 0 } });
  expect(taken.marker).toMatch(/^runbook-/);
  await sql('bookface', 'insert into posts select generate_series(1, 5)');
  await actions.copyStore.do({ pull }, contextFor());

  mkdirSync(directory, { recursive: true });
  const facts = {
    ...{ site: 'lab', engine: 'cockroach', version: 'v20.2.0', standIn: true, strategy: 'native' as const },
    form: taken.form,
    ...{ run: { workflowId: 'daily-backup/lab/1', runId: 'r' }, rows: taken.rows, marker: taken.marker, note: '' },
    ...{ productionDownAt: null, productionUpAt: null, asOf: taken.asOf },
  } as const;
  const { archive } = await actions.makeArchive.do({ workplace, directory, name: 'lab-1', facts }, contextFor());
  const proof = await actions.readBack.do({ workplace, database, directory, archive }, contextFor());
  expect(proof.rows).toEqual(taken.rows);

  const unpacked = await actions.unpackArchive.do({ workplace, directory, archive, site: 'lab' }, contextFor());
  expect(unpacked).toMatchObject({ rows: taken.rows, asOf: taken.asOf });
  const restored = await databaseOn(join(workplace.directory, 'restored', 'store'));
  await actions.startDatabase.do({ database: restored }, contextFor());
  expect(await actions.countRows.do({ database: restored }, contextFor())).toMatchObject({ rows: taken.rows });

  await actions.removeWorkplace.do({ workplace: snapshot }, contextFor());
});

test('what is not counted within 2 s is proved by the marker', async () => {
  const [database] = started as [DatabaseRef];
  const snapshot = { host, directory: `${database.spec.store}/extern/runbook/snapshot` };
  const pull = { workplace, database, name: 'daily-backup', snapshot: snapshot.directory };
  const cockroach = `exec ${standIn.directory}/cockroach "$@"`;
  hosts.program(
    'db1',
    'cockroach',
    `case $* in *'as of system time'*'as of system time'*) exec sleep 60 ;; esac\n${cockroach}`,
  );
  await actions.makeWorkplace.do({ workplace: snapshot }, contextFor());
  await actions.makeWorkplace.do({ workplace }, contextFor());
  await actions.authorizePull.do({ pull }, contextFor());
  const { rows, marker, asOf, form } = await actions.backUpOnline.do({ database, snapshot }, contextFor());
  expect({ rows, marker }).toEqual({ rows: null, marker: expect.stringMatching(/^runbook-/) as string });
  hosts.program('db1', 'cockroach', cockroach);
  await actions.copyStore.do({ pull }, contextFor());

  const facts = {
    ...{ site: 'lab', engine: 'cockroach', version: 'v20.2.0', standIn: true, strategy: 'native' as const },
    ...{ form, rows, marker, asOf, note: '', productionDownAt: null, productionUpAt: null },
    run: { workflowId: 'daily-backup/lab/2', runId: 'r' },
  };
  const { archive } = await actions.makeArchive.do({ workplace, directory, name: 'lab-2', facts }, contextFor());
  await actions.readBack.do({ workplace, database, directory, archive }, contextFor());
  await actions.removeWorkplace.do({ workplace: snapshot }, contextFor());
});

test('a server that refuses says why, and one that may write nowhere is refused beforehand', async () => {
  const [database] = started as [DatabaseRef];
  const snapshot = { host, directory: `${database.spec.store}/extern/runbook/snapshot` };
  await actions.makeWorkplace.do({ workplace: snapshot }, contextFor());
  const missing = { ...database, spec: { ...database.spec, tables: ['users', 'gone'] } };
  expect(await failureOf(actions.backUpOnline.do({ database: missing, snapshot }, contextFor()))).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringMatching(/the rows cannot be counted: .*gone/) as string,
  });
  const spec = { ...database.spec, startFlags: ['--external-io-dir=disabled'] };
  const closed = { ...database, spec } as DatabaseRef;
  expect(
    await failureOf(actions.checkStrategy.do({ database: closed, strategy: 'native' }, contextFor())),
  ).toMatchObject({
    type: 'PreconditionFailed',
    message: expect.stringContaining('--external-io-dir=disabled') as string,
  });
});
