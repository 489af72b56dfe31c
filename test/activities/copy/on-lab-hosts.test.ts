import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applicationBinds } from '../../../lab/application/binds';
import { setDatabaseFault } from '../../../lab/database/fault';
import { cockroachBinds, cockroachScript } from '../../../lab/database/find-cockroach';
import { seedDatabase } from '../../../lab/database/seed';
import { type Pull } from '../../../workflows/contract/actions/copy';
import { type HostRef } from '../../../workflows/contract/site';
import { archiveActions, type ArchiveDependencies } from '../../../activities/archive';
import { copyActions, knownRoutes } from '../../../activities/copy';
import { databaseActions } from '../../../activities/database';
import { createOpenStack } from '../../../activities/openstack';
import { systemClock } from '../../../activities/openstack/clock';
import { restoreActions } from '../../../activities/restore';
import { createSshHosts } from '../../../activities/ssh/hosts';
import { volumeActions } from '../../../activities/volume';
import { startLab, type TestLab, user } from '../../lab/hosts/lab';
import { freePorts } from '../../lab/ports';
import { buildPrograms } from '../../lab/programs';
import { failureOf } from '../cloud/small-cloud';
import { contextFor, until } from './local-hosts';

jest.setTimeout(120_000);

const programs = buildPrograms('database', 'application');
const directory = mkdtempSync(join(tmpdir(), 'on-lab-hosts-'));
let lab: TestLab;
let close: () => Promise<void>;
let pull: Pull;
let actions: ReturnType<typeof databaseActions> &
  ReturnType<typeof copyActions> &
  ReturnType<typeof archiveActions> &
  ReturnType<typeof volumeActions> &
  ReturnType<typeof restoreActions>;

beforeAll(async () => {
  const cockroach = { path: '', standIn: true };
  const script = join(directory, 'cockroach');
  for (const visible of [directory, join(programs.directory, '..')]) chmodSync(visible, 0o755);
  writeFileSync(script, cockroachScript(cockroach), { mode: 0o755 });
  const binds = [
    ...applicationBinds(programs.directory),
    ...cockroachBinds(cockroach),
    { from: script, to: '/lab/bin/cockroach' },
  ];
  lab = await startLab(['db1', 'backup'], { binds });
  const db1 = lab.host('db1');
  writeFileSync(
    script,
    cockroachScript(cockroach, (path) => db1.hostPath(path)),
    { mode: 0o755 },
  );

  mkdirSync(join(directory, '.ssh'));
  writeFileSync(join(directory, '.ssh/id_ed25519'), user.private, { mode: 0o600 });
  const line = (name: string) => {
    const { spec, hostPublicKey } = { spec: lab.host(name).spec, hostPublicKey: lab.host(name).hostPublicKey() };
    return `[${spec.address}]:${spec.port} ${hostPublicKey}\n`;
  };
  writeFileSync(join(directory, '.ssh/known_hosts'), line('db1') + line('backup'));

  const [sql, http] = await freePorts(2);
  const ref = (name: string): HostRef => {
    const { address, port } = lab.host(name).spec;
    return { name, address, port, user: 'root', jobs: { directory: '.runbook/jobs', keepDays: 14 } };
  };
  pull = {
    name: 'daily-backup',
    workplace: { host: ref('backup'), directory: `${lab.host('backup').hostPath('/backup')}/archives/.work` },
    database: {
      host: ref('db1'),
      stopSeconds: 20,
      spec: {
        engine: 'cockroach',
        host: 'db1',
        store: `${db1.hostPath('/bfdata')}/store`,
        listen: `127.0.0.1:${sql}`,
        http: `127.0.0.1:${http}`,
        database: 'bookface',
        tables: ['users', 'posts', 'comments'],
        startFlags: [],
      },
    },
  };
  const surroundings = { env: {}, home: directory };
  const ssh = createSshHosts(surroundings);
  const openstack = createOpenStack({ ...surroundings, cwd: directory });
  const routeTo = knownRoutes(surroundings);
  const catalogue = {} as Pick<ArchiveDependencies, 'client' | 'loadSite'>;
  actions = {
    ...databaseActions({ ssh, clock: systemClock }),
    ...copyActions({ openstack, ssh, routeTo }),
    ...archiveActions({ openstack, ssh, ...catalogue }),
    ...volumeActions({ openstack, ssh }),
    ...restoreActions({ openstack, ssh, routeTo, clock: systemClock }),
  };
  close = async () => {
    await ssh.close();
    await openstack.close();
    await lab.close();
  };
  await startDatabase();
  await seedDatabase({ host: '127.0.0.1', port: sql as number, megabytes: 40 });
});
afterAll(async () => {
  await close();
  programs.remove();
  rmSync(directory, { recursive: true });
});

const startDatabase = () => actions.startDatabase.do({ database: pull.database }, contextFor());
const stopDatabase = (withinSeconds = 20) =>
  actions.stopDatabase.do({ database: pull.database, withinSeconds }, contextFor());
function onDatabaseHost(command: string) {
  return lab.host('db1').exec(command);
}

test('over real SSH: copied while it serves, copied again stopped, archived, read back, and restored', async () => {
  const { workplace, database } = pull;
  const mountPoint = lab.host('backup').hostPath('/backup');
  const directory = `${mountPoint}/archives`;
  await actions.mountVolume.do({ host: workplace.host, mountPoint }, contextFor());
  await actions.makeWorkplace.do({ workplace }, contextFor());
  const checked = await actions.checkBackupHost.do({ workplace, database }, contextFor());
  expect(checked.storeBytes).toBeGreaterThan(30_000_000);
  await actions.authorizePull.do({ pull }, contextFor());

  // A store just seeded still counts as changing.
  const young = `find ${database.spec.store} -type f -newerct '3 seconds ago' | wc -l`;
  await until(async () => Number((await onDatabaseHost(young)).stdout) < 100);
  const ahead = await actions.copyAhead.do({ pull }, contextFor());
  expect(ahead).toMatchObject({ starts: 1, copiedFiles: ahead.files });
  const { rows } = await actions.countRows.do({ database }, contextFor());
  expect(await stopDatabase()).toMatchObject({ changed: true, forced: false });
  const cold = await actions.copyStore.do({ pull }, contextFor());
  expect(cold.starts).toBe(1);
  expect(cold.copiedFiles).toBeLessThan(cold.files / 2);
  expect(await startDatabase()).toMatchObject({ changed: true });
  await actions.revokePull.do({ pull }, contextFor());

  const facts = {
    site: 'lab',
    engine: 'cockroach',
    version: 'v20.2.0',
    standIn: true,
    strategy: 'cold' as const,
    run: { workflowId: 'daily-backup/lab/1', runId: 'r' },
    rows,
    marker: null,
    productionDownAt: '2026-11-20T02:00:00Z',
    productionUpAt: '2026-11-20T02:00:09Z',
    note: '',
  };
  const { archive } = await actions.makeArchive.do({ workplace, directory, name: 'lab-1', facts }, contextFor());
  const proof = await actions.readBack.do({ workplace, database, directory, archive }, contextFor());
  expect(proof.rows).toEqual(rows);
  const place = { host: workplace.host, volume: mountPoint, directory };
  const { archives } = await actions.listArchives.do({ place, site: 'lab' }, contextFor());
  expect(archives).toMatchObject([{ name: archive, verified: true, rows }]);

  await restore(archive, { workplace, directory }, rows);

  await actions.removeWorkplace.do({ workplace }, contextFor());
  await actions.unmountVolume.do({ host: workplace.host, mountPoint }, contextFor());
});

/** Restores over a store that is damaged. */
async function restore(
  archive: string,
  where: { workplace: Pull['workplace']; directory: string },
  rows: Record<string, number> | null,
): Promise<void> {
  const { database } = pull;
  const { store } = database.spec;
  const unpacked = await actions.unpackArchive.do({ ...where, archive, site: 'lab' }, contextFor());
  expect(unpacked).toMatchObject({ starts: 1, rows });
  const written = { engine: 'cockroach', standIn: true, storeBytes: unpacked.bytes };
  const { beside } = await actions.checkRestoreTarget.do({ database, archive: written }, contextFor());
  expect(beside).toBe(`${store}.runbook`);
  const back: Pull = { ...pull, name: 'restore', way: 'back' };
  const stage = { host: database.host, directory: `${beside}/stage` };
  const facts = { site: 'lab', run: 'restore/lab/1', restored: archive };
  const times = { createdAt: '2026-11-21T03:00:00Z', keptUntil: '2026-12-05T03:00:00Z' };
  const count = async () => await actions.readRows.do({ database, marker: null }, contextFor());
  await actions.makeWorkplace.do({ workplace: stage }, contextFor());
  await actions.authorizePull.do({ pull: back }, contextFor());
  expect(await actions.fetchStore.do({ pull: back, stage }, contextFor())).toMatchObject({ bytes: unpacked.bytes });
  await actions.revokePull.do({ pull: back }, contextFor());

  await stopDatabase();
  await onDatabaseHost(`find ${store} -name pg_control -delete`);
  expect(await count()).toMatchObject({ rows: null, problem: expect.stringMatching(/./) as string });
  const moved = { database, beside, aside: 'damaged' };
  const staged = { ...moved, stage: stage.directory, facts: { ...facts, ...times } };
  expect(await actions.swapStore.do(staged, contextFor())).toEqual({ changed: true });
  await startDatabase();
  expect(await count()).toEqual({ rows, hasMarker: null, problem: null });
  expect(await actions.keepAside.do(moved, contextFor())).toMatchObject({ changed: true });
  const { aside } = await actions.listAside.do({ database, site: 'lab' }, contextFor());
  expect(aside).toMatchObject([{ name: 'damaged', kind: 'aside', run: 'restore/lab/1' }]);
  await actions.removeWorkplace.do({ workplace: stage }, contextFor());
}

describe('a database that misbehaves', () => {
  afterEach(async () => {
    await onDatabaseHost(`rm -f ${lab.host('db1').hostPath('/var/lib/lab-faults')}/db-wont-*`);
    await startDatabase();
  });
  const fault = (kind: Parameters<typeof setDatabaseFault>[1]) =>
    setDatabaseFault(onDatabaseHost, kind, lab.host('db1').hostPath('/var/lib/lab-faults'));

  test('is stopped by force when it does not stop in order', async () => {
    await fault('db-wont-stop');
    expect(await stopDatabase(1)).toMatchObject({ changed: true, forced: true });
  });

  test('that comes back after every kill never counts as stopped', async () => {
    await fault('db-wont-stop-even-by-force');
    expect(await failureOf(stopDatabase(1))).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('does not stop by any means') as string,
    });
  });

  test('that does not start says why', async () => {
    await stopDatabase();
    await fault('db-wont-start');
    expect(await failureOf(startDatabase())).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('the database on db1 does not start: ') as string,
    });
  });
});
