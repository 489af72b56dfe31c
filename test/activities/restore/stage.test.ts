import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Pull } from '../../../workflows/contract/actions/copy';
import { copyActions } from '../../../activities/copy';
import { failureOf } from '../cloud/small-cloud';
import { fakeSsh } from '../copy/fake-ssh';
import { contextFor, LocalHosts } from '../copy/local-hosts';
import { newData, noCloud, oldData, plant, routeTo, StoreHost, treeOf } from './store-host';

let hosts: LocalHosts;
let host: StoreHost;
let copy: ReturnType<typeof copyActions>;
let pull: Pull;

const volume = () => join(hosts.root, 'volume');
const workplace = () => ({ host: hosts.ref('backup'), directory: join(volume(), '.work') });
const stage = () => ({ host: host.database.host, directory: host.stage });
const archive = 'lab-1.tar.zst';

const facts = {
  site: 'lab',
  engine: 'cockroach',
  version: 'v20.2.0',
  standIn: true,
  strategy: 'cold' as const,
  run: { workflowId: 'daily-backup/lab/1', runId: 'r' },
  rows: { users: 2 },
  marker: null,
  productionDownAt: '2026-11-20T02:00:00Z',
  productionUpAt: '2026-11-20T02:00:09Z',
  note: '',
};

/** An archive of a store with `newData`, made once as a backup makes it; each test has a copy. */
let made: LocalHosts;
beforeAll(async () => {
  made = new LocalHosts();
  const work = join(made.root, 'volume/.work');
  const store = join(work, 'store');
  plant(store, newData);
  chmodSync(join(store, 'base'), 0o750);
  chmodSync(join(store, '000001.sst'), 0o640);
  chmodSync(store, 0o711);
  symlinkSync('base/2', join(store, 'link'));
  mkdirSync(join(store, 'empty'));
  const lines = Object.entries(newData).map(([path, text]) => `${sha256(text)} stamp/${path}\n`);
  writeFileSync(join(work, 'files'), lines.join(''));
  const workplace = { host: made.ref('backup'), directory: work };
  const input = { workplace, directory: join(made.root, 'volume'), name: 'lab-1', facts };
  await copyActions({ openstack: noCloud, ssh: made, routeTo }).makeArchive.do(input, contextFor());
  rmSync(work, { recursive: true });
});
afterAll(() => made.close());

beforeEach(async () => {
  hosts = new LocalHosts();
  host = new StoreHost(hosts);
  copy = copyActions({ openstack: noCloud, ssh: hosts, routeTo });
  hosts.program('backup', 'ssh', fakeSsh(hosts.home('db1')));
  hosts.program('db1', 'ssh', fakeSsh(hosts.home('backup')));
  for (const name of ['backup', 'db1']) hosts.program(name, 'hostname', 'echo 10.0.0.7');
  cpSync(join(made.root, 'volume'), volume(), { recursive: true });
  pull = { workplace: workplace(), database: host.database, name: 'restore', way: 'back' };
  await copy.makeWorkplace.do({ workplace: workplace() }, contextFor());
  await copy.makeWorkplace.do({ workplace: stage() }, contextFor());
});
afterEach(() => hosts.close());

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const unpack = (more: { archive?: string; site?: string } = {}) =>
  host.actions.unpackArchive.do(
    { workplace: workplace(), directory: volume(), archive, site: 'lab', ...more },
    contextFor(),
  );
const restored = () => join(workplace().directory, 'restored');
const authorize = () => copy.authorizePull.do({ pull }, contextFor());
const fetch = () => host.actions.fetchStore.do({ pull, stage: stage() }, contextFor());
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

test('from an archive to a store that was swapped, with the modes of the archive', async () => {
  expect(await unpack()).toMatchObject({
    starts: 1,
    files: 3,
    bytes: 9,
    rows: { users: 2 },
    marker: null,
    asOf: '2026-11-20T02:00:00Z',
  });
  await authorize();
  expect(await fetch()).toMatchObject({ host: 'db1', starts: 1, files: 3, bytes: 9 });
  await copy.revokePull.do({ pull }, contextFor());
  for (const root of [join(restored(), 'store'), join(host.stage, 'store')]) {
    expect(treeOf(root)).toEqual(newData);
    expect(['', 'base', '000001.sst'].map((path) => modeOf(join(root, path)))).toEqual(['711', '750', '640']);
    expect([existsSync(join(root, 'link')), existsSync(join(root, 'empty'))]).toEqual([true, true]);
  }
  await host.swap();
  expect([host.present(), host.aside()]).toEqual([newData, oldData]);
  expect(modeOf(join(host.store, 'base'))).toBe('750');
});

test('unpacked and fetched again, it is the same', async () => {
  await unpack();
  expect(await unpack()).toMatchObject({ files: 3 });
  await authorize();
  await fetch();
  expect(await fetch()).toMatchObject({ files: 3 });
  expect(treeOf(join(host.stage, 'store'))).toEqual(newData);
});

describe('an archive is refused before anything is unpacked', () => {
  const path = (suffix = '') => join(volume(), archive + suffix);
  const refusal = async (more?: Parameters<typeof unpack>[0]) => {
    const failure = await failureOf(unpack(more));
    expect(existsSync(restored())).toBe(false);
    return failure;
  };

  test('that is damaged', async () => {
    const bytes = readFileSync(path());
    bytes[20]! ^= 1;
    writeFileSync(path(), bytes);
    expect(await refusal()).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringMatching(
        /lab-1.tar.zst is damaged: .* Restore another one; see: runbook backups/,
      ) as string,
    });
  });

  test('that is truncated', async () => {
    truncateSync(path(), 30);
    expect(await refusal()).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('is damaged') as string,
    });
  });

  test('whose sums are not those of the manifest', async () => {
    writeFileSync(path('.sha256sums'), '');
    expect(await refusal()).toMatchObject({ message: expect.stringContaining('is not the one') as string });
  });

  test('that has no manifest', async () => {
    rmSync(path('.manifest.json'));
    expect(await refusal()).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('this archive is no backup') as string,
    });
  });

  test('that is of another site', async () => {
    expect(await refusal({ site: 'elsewhere' })).toEqual({
      type: 'PreconditionFailed',
      message:
        'lab-1.tar.zst holds lab-1.tar.zst of site lab by its manifest; wanted lab-1.tar.zst of elsewhere. Restore another one; see: runbook backups elsewhere',
    });
  });

  test('where there is no room', async () => {
    hosts.program('backup', 'df', 'echo Avail; echo 1234567');
    expect(await refusal()).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringMatching(
        /1234567 bytes are free at .*, wanted 100000009 to unpack lab-1.tar.zst/,
      ) as string,
    });
  });

  test('whose name leads elsewhere', async () => {
    expect(await refusal({ archive: '../x' })).toMatchObject({ type: 'InvalidInput' });
  });
});

describe('what came is compared with the sums of the archive', () => {
  beforeEach(async () => {
    await unpack();
    await authorize();
  });

  test('a byte that changed on the backup host after it was verified is found', async () => {
    writeFileSync(join(restored(), 'store', '000001.sst'), 'neW');
    expect(await failureOf(fetch())).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('000001.sst: FAILED after it was copied here') as string,
    });
    expect(existsSync(join(host.stage, 'store'))).toBe(false);
  });

  test('a file more is found', async () => {
    writeFileSync(join(restored(), 'store', 'intruder'), '');
    expect(await failureOf(fetch())).toMatchObject({
      message: expect.stringContaining("4 files came here, the archive's sums name 3") as string,
    });
  });

  test('a backup host that does not answer any more', async () => {
    hosts.program('db1', 'ssh', 'echo "Connection refused" >&2; exit 255');
    expect(await failureOf(fetch())).toMatchObject({
      type: 'ResourceFailed',
      message: 'Step: the backup host did not list its store; the reason stands above (Connection refused)',
    });
  });
});

describe('the trust for the way back', () => {
  const authorizedKeys = (name: string) => {
    const path = join(hosts.home(name), '.ssh', 'authorized_keys');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };

  test('is a line on the backup host, a key on the database host, and nothing of either afterwards', async () => {
    await unpack();
    await authorize();
    expect(authorizedKeys('backup')).toMatch(/^restrict,from="10.0.0.7,127.0.0.1".* runbook-pull-restore\n$/);
    expect(authorizedKeys('db1')).toBe('');
    expect(existsSync(join(hosts.home('db1'), '.runbook/pull/restore/key'))).toBe(true);
    expect(await copy.readPull.do({ pull }, contextFor())).toEqual({ authorized: true });
    expect(await copy.revokePull.do({ pull }, contextFor())).toEqual({ changed: true });
    expect(authorizedKeys('backup')).toBe('');
    expect(existsSync(join(hosts.home('db1'), '.runbook/pull/restore'))).toBe(false);
  });

  test('that is not proved is told in the words of this way', async () => {
    expect(await failureOf(authorize())).toMatchObject({
      type: 'ResourceFailed',
      message: expect.stringContaining('db1 cannot list the backup on backup (root@') as string,
    });
  });
});

describe('data that is kept aside', () => {
  const again = (name = 'a') => host.actions.copyAside.do({ ...host.at(name), stage: stage() }, contextFor());

  test('is copied, so that it can serve again while it is kept', async () => {
    host.restage();
    await host.swap();
    await host.keep();
    expect(await again()).toMatchObject({ host: 'db1', starts: 1, files: 3, bytes: 9 });
    expect(await again()).toMatchObject({ files: 3 });
    await host.swap('undo');
    expect([host.present(), host.aside('undo'), host.aside()]).toEqual([oldData, newData, oldData]);
  });

  test('that is not kept is refused', async () => {
    host.restage();
    await host.swap();
    for (const name of ['a', 'never'])
      expect(await failureOf(again(name))).toMatchObject({
        type: 'ResourceFailed',
        message: expect.stringContaining(`no data is kept as ${name} here`) as string,
      });
  });
});
