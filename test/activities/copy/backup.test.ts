import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Pull } from '../../../workflows/contract/actions/copy';
import { archiveActions } from '../../../activities/archive';
import { type ArchiveDependencies } from '../../../activities/archive';
import { copyActions } from '../../../activities/copy';
import { fail, failureTypeOf } from '../../../activities/failures';
import { type OpenStack } from '../../../activities/openstack';
import { fakeSsh } from './fake-ssh';
import { contextFor, LocalHosts } from './local-hosts';
import { fakeCockroachOfFiles } from './programs-host';

let hosts: LocalHosts;
let pull: Pull;
let actions: ReturnType<typeof copyActions> & ReturnType<typeof archiveActions>;

const openstack: OpenStack = {
  cloud: () => {
    throw new Error('these hosts are no servers');
  },
  close: async () => undefined,
};

beforeEach(() => {
  hosts = new LocalHosts();
  const store = join(hosts.root, 'store');
  mkdirSync(join(store, 'logs'), { recursive: true });
  writeFileSync(join(store, 'users'), 'ann\nbob\n');
  writeFileSync(join(store, 'logs', 'x'), 'not data');
  writeFileSync(join(store, 'LOCK'), '');
  pull = {
    name: 'daily-backup',
    workplace: { host: hosts.ref('backup'), directory: join(hosts.root, 'volume/.work') },
    database: {
      host: hosts.ref('db1', { address: 'db1.example' }),
      stopSeconds: 60,
      spec: {
        engine: 'cockroach',
        host: 'db1',
        store,
        listen: ':26257',
        http: ':8080',
        database: 'bookface',
        tables: ['users'],
        startFlags: [],
      },
    },
  };
  hosts.program('backup', 'ssh', fakeSsh(hosts.home('db1')));
  hosts.program('backup', 'cockroach', fakeCockroachOfFiles);
  hosts.program('backup', 'hostname', 'echo 10.0.0.7 fd00::7');
  const routeTo = ({ name, address }: { name: string; address: string }) => ({
    host: address,
    port: 2222,
    user: 'root',
    knownHosts: `[${address}]:2222 ssh-ed25519 key-of-${name}\n`,
  });
  const catalogue = {} as Pick<ArchiveDependencies, 'client' | 'loadSite'>;
  actions = {
    ...copyActions({ openstack, ssh: hosts, routeTo }),
    ...archiveActions({ openstack, ssh: hosts, ...catalogue }),
  };
});
afterEach(() => hosts.close());

const authorizedKeys = () => join(hosts.home('db1'), '.ssh', 'authorized_keys');
const volume = () => join(hosts.root, 'volume');
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: Error) => ({ type: failureTypeOf(error), message: error.message }),
  );
const authorize = () => actions.authorizePull.do({ pull }, contextFor());
const place = () => ({ host: pull.workplace.host, volume: volume(), directory: volume() });
const list = async () => (await actions.listArchives.do({ place: place(), site: 'lab' }, contextFor())).archives;

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
  note: `it's "noted"`,
};

async function backup(name: string) {
  await actions.makeWorkplace.do({ workplace: pull.workplace }, contextFor());
  await authorize();
  const ahead = await actions.copyAhead.do({ pull }, contextFor());
  const cold = await actions.copyStore.do({ pull }, contextFor());
  await actions.revokePull.do({ pull }, contextFor());
  const directory = volume();
  const { workplace, database } = pull;
  const archive = await actions.makeArchive.do({ workplace, directory, name, facts }, contextFor());
  return {
    ahead,
    cold,
    archive,
    readBack: () => actions.readBack.do({ workplace, database, directory, archive: archive.archive }, contextFor()),
  };
}

test('from a store to a verified archive, each job started once', async () => {
  const { ahead, cold, archive, readBack } = await backup('lab-1');
  expect(ahead).toMatchObject({ host: 'backup', starts: 1, files: 1, bytes: 8, copiedBytes: 8 });
  expect(cold).toMatchObject({ starts: 1, files: 1, bytes: 8 });
  expect(archive).toMatchObject({ starts: 1, archive: 'lab-1.tar.zst' });
  expect(await list()).toMatchObject([{ name: 'lab-1.tar.zst', verified: false, rows: { users: 2 } }]);
  expect(await readBack()).toMatchObject({ starts: 1, rows: { users: 2 } });
  expect(await list()).toMatchObject([
    { name: 'lab-1.tar.zst', site: 'lab', verified: true, run: 'daily-backup/lab/1' },
  ]);
  expect(existsSync(join(hosts.home('backup'), '.runbook/pull/daily-backup'))).toBe(false);
});

test('a failed job ends with its last words, and with what the tools said before', async () => {
  await actions.makeWorkplace.do({ workplace: pull.workplace }, contextFor());
  await authorize();
  rmSync(authorizedKeys());
  expect(await failureOf(actions.copyStore.do({ pull }, contextFor()))).toEqual({
    type: 'ResourceFailed',
    message:
      'Step: the database host did not list its store; the reason stands above (root@db1.example: Permission denied (publickey).)',
  });
});

test('an archive damaged before the read-back never becomes verified', async () => {
  const { readBack } = await backup('lab-1');
  const path = join(volume(), 'lab-1.tar.zst');
  const bytes = readFileSync(path);
  bytes[20]! ^= 1;
  writeFileSync(path, bytes);
  expect(await failureOf(readBack())).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringContaining('lab-1.tar.zst is damaged') as string,
  });
  expect(await list()).toMatchObject([{ verified: false }]);
});

describe('the trust between the hosts', () => {
  test('is one restricted line of authorized_keys, and other lines stay as they are', async () => {
    mkdirSync(join(hosts.home('db1'), '.ssh'));
    writeFileSync(authorizedKeys(), '# mine\nssh-ed25519 AAAA operator');
    chmodSync(authorizedKeys(), 0o640);
    const { changed, fingerprint } = await authorize();
    expect(changed).toBe(true);
    expect(fingerprint).toMatch(/^SHA256:/);
    const [comment, operator, ours = '', ...rest] = readFileSync(authorizedKeys(), 'utf8').split('\n');
    expect([comment, operator, rest]).toEqual(['# mine', 'ssh-ed25519 AAAA operator', ['']]);
    const serve = join(hosts.home('db1'), '.runbook/pull/daily-backup/serve');
    expect(ours).toMatch(/^restrict,from="10.0.0.7,127.0.0.1,fd00::7",expiry-time="\d{14}",command="sh '/);
    expect(ours).toContain(`command="sh '${serve}'" ssh-ed25519 `);
    expect(ours).toMatch(/ runbook-pull-daily-backup$/);
    expect((statSync(authorizedKeys()).mode & 0o777).toString(8)).toBe('640');
    expect(await actions.readPull.do({ pull }, contextFor())).toEqual({ authorized: true });

    expect(await actions.revokePull.do({ pull }, contextFor())).toEqual({ changed: true });
    expect(readFileSync(authorizedKeys(), 'utf8')).toBe('# mine\nssh-ed25519 AAAA operator\n');
    expect(existsSync(serve)).toBe(false);
    expect(await actions.readPull.do({ pull }, contextFor())).toEqual({ authorized: false });
    expect(await actions.revokePull.do({ pull }, contextFor())).toEqual({ changed: false });
  });

  test('has a private key that never leaves the backup host', async () => {
    await authorize();
    const secret =
      readFileSync(join(hosts.home('backup'), '.runbook/pull/daily-backup/key'), 'utf8').split('\n')[2] ?? '';
    expect(secret.length).toBeGreaterThan(40);
    const onDatabaseHost = readdirSync(hosts.home('db1'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    for (const text of [...onDatabaseHost, ...hosts.ran]) expect(text).not.toContain(secret);
  });

  test('made again, replaces the key that was there', async () => {
    const first = await authorize();
    const second = await authorize();
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(readFileSync(authorizedKeys(), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  test('is proved before anything depends on it', async () => {
    hosts.program('backup', 'ssh', 'echo "kex_exchange: Connection refused" >&2; exit 255');
    expect(await failureOf(authorize())).toEqual({
      type: 'ResourceFailed',
      message:
        'backup cannot list the store on db1 (root@db1.example:2222, allowed from 10.0.0.7,127.0.0.1,fd00::7): kex_exchange: Connection refused',
    });
  });

  test('is ended on the database host although the backup host does not answer', async () => {
    await authorize();
    hosts.silent.set('backup', fail('Unavailable', 'no SSH connection'));
    expect(await failureOf(actions.revokePull.do({ pull }, contextFor()))).toMatchObject({ type: 'Unavailable' });
    expect(readFileSync(authorizedKeys(), 'utf8')).toBe('');
  });
});

describe('checking the backup host', () => {
  const check = () => actions.checkBackupHost.do({ workplace: pull.workplace, database: pull.database }, contextFor());

  test('says sizes and compression', async () => {
    const checked = await check();
    expect(checked).toMatchObject({ compression: 'zstd' });
    expect(checked.freeBytes).toBeGreaterThan(checked.neededBytes);
  });

  test('too little space is told in numbers', async () => {
    hosts.program('backup', 'df', 'echo Avail; echo 1234567');
    expect(await failureOf(check())).toEqual({
      type: 'PreconditionFailed',
      message: expect.stringMatching(
        /^1.2 MB are free at .* on backup; wanted 100 MB for copy, archive and scratch/,
      ) as string,
    });
  });

  test('another host key than the worker knows', async () => {
    hosts.program('backup', 'ssh', 'echo "Host key verification failed." >&2; exit 255');
    expect(await failureOf(check())).toMatchObject({ type: 'HostKeyMismatch' });
  });

  test('no way to the database host', async () => {
    hosts.program(
      'backup',
      'ssh',
      'echo "ssh: connect to host db1.example port 2222: Connection timed out" >&2; exit 255',
    );
    expect(await failureOf(check())).toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringContaining('backup does not reach db1 at db1.example:2222') as string,
    });
  });

  test('a missing program', async () => {
    rmSync(join(hosts.bin('backup'), 'cockroach'));
    expect(await failureOf(check())).toMatchObject({
      type: 'PreconditionFailed',
      message: 'backup has no cockroach; install what is missing there',
    });
  });
});

describe('archives on the volume', () => {
  const manifest = (name: string, createdAt: string, more: object = {}) =>
    JSON.stringify({
      ...facts,
      kind: 'archive',
      name,
      createdAt,
      bytes: 3,
      sha256: 'ab',
      sumsSha256: 'cd',
      files: 1,
      storeBytes: 8,
      tookMs: 1,
      ...more,
    });
  const put = (name: string, text: string) => {
    mkdirSync(volume(), { recursive: true });
    writeFileSync(join(volume(), name), text);
  };
  const verified = (sha256: string) =>
    JSON.stringify({ name: 'a', sha256, verifiedAt: '2026-11-20T03:00:00Z', rows: null });

  test('are listed newest first, verified only if whole and read back', async () => {
    put('a', 'abc');
    put('a.manifest.json', manifest('a', '2026-11-18T02:00:00Z'));
    put('a.verified.json', verified('ab'));
    put('b', 'abc');
    put('b.manifest.json', manifest('b', '2026-11-19T02:00:00Z'));
    put('b.verified.json', verified('of another archive'));
    put('c', 'ab');
    put('c.manifest.json', manifest('c', '2026-11-20T02:00:00Z'));
    put('c.verified.json', verified('ab'));
    put('gone.manifest.json', manifest('gone', '2026-11-17T02:00:00Z'));
    put('gone.verified.json', verified('ab'));
    put('other.manifest.json', manifest('other', '2026-11-20T02:00:00Z', { site: 'elsewhere' }));
    put('broken.tar.zst', 'xyz');
    put('broken.tar.zst.manifest.json', '{"kind"');
    put('partial.tar.zst', 'no manifest: no backup');
    const archives = await list();
    expect(archives.find(({ name }) => name === 'a')).toMatchObject({
      ...{ version: 'v20.2.0', storeBytes: 8, standIn: true, run: 'daily-backup/lab/1' },
    });
    expect(archives.map(({ name, verified }) => [name, verified])).toEqual([
      ['broken.tar.zst', false],
      ['c', false],
      ['b', false],
      ['a', true],
      ['gone', false],
    ]);
  });

  test('are not none where their directory is not there: the volume may be mounted no longer', async () => {
    expect(await failureOf(list())).toMatchObject({ type: 'ResourceFailed' });
    const input = { place: place(), remove: [{ name: 'a', why: 'older than the newest 3' }] };
    expect(await failureOf(actions.removeArchives.do(input, contextFor()))).toMatchObject({ type: 'ResourceFailed' });
    const distrust = { place: place(), name: 'a', why: 'it failed' };
    expect(await failureOf(actions.distrustArchive.do(distrust, contextFor()))).toMatchObject({
      type: 'ResourceFailed',
    });
    // A plan in which it is only to be mounted goes on.
    expect(await actions.listArchives.describe?.({ place: place(), site: 'lab' }, contextFor())).toMatchObject({
      ...{ now: null, output: { archives: [] } },
    });
  });

  test('lose their verification to a failed drill, and the reason stays beside them', async () => {
    put('a', 'abc');
    put('a.manifest.json', manifest('a', '2026-11-18T02:00:00Z'));
    put('a.verified.json', verified('ab'));
    const why = `drill failed: table "users" isn't whole`;
    const distrust = () => actions.distrustArchive.do({ place: place(), name: 'a', why }, contextFor());
    // Killed half-way: the archive is what it was, and the next attempt does the rest.
    hosts.program('backup', 'rm', 'exit 1');
    expect(await failureOf(distrust())).toBeDefined();
    expect(await list()).toMatchObject([{ verified: true }]);
    expect((await list())[0]).not.toHaveProperty('problem');
    rmSync(join(hosts.bin('backup'), 'rm'));
    expect(await distrust()).toEqual({ changed: true });
    expect(await list()).toMatchObject([{ verified: false, verifiedAt: null, problem: why }]);
    // Late, or once more for another reason: there is nothing left to take away.
    expect(await distrust()).toEqual({ changed: false });
    expect(await list()).toMatchObject([{ verified: false, problem: why }]);
    // Read back again.
    put('a.verified.json', verified('ab'));
    expect(await list()).toMatchObject([{ verified: true }]);

    const plan = await actions.distrustArchive.describe({ place: place(), name: 'a', why }, contextFor());
    expect(plan.command).toContain('a.distrusted.json');
    await actions.removeArchives.do({ place: place(), remove: [{ name: 'a', why }] }, contextFor());
    expect(readdirSync(volume())).toEqual([]);
  });

  test('are removed with all that lies beside them, and removing them again succeeds', async () => {
    for (const name of ['a', 'a.sha256sums', 'a.verified.json', 'b']) put(name, 'abc');
    put('a.manifest.json', manifest('a', '2026-11-18T02:00:00Z'));
    const remove = [{ name: 'a', why: 'older than the newest 3' }];
    const input = { place: place(), remove };
    expect(await actions.removeArchives.do(input, contextFor())).toEqual({ removed: ['a'] });
    expect(readdirSync(volume())).toEqual(['b']);
    expect(await actions.removeArchives.do(input, contextFor())).toEqual({ removed: [] });
  });

  test('a name that leads elsewhere is refused', async () => {
    const input = { place: place(), remove: [{ name: '../store', why: '' }] };
    expect(await failureOf(actions.removeArchives.do(input, contextFor()))).toMatchObject({ type: 'InvalidInput' });
  });
});

test('what a run would do can be described before anything is there', async () => {
  const job = await actions.copyStore.describe({ pull }, contextFor());
  expect(job.command).toMatch(
    /^ssh backup -- sh .runbook\/programs\/copy-store-[0-9a-f]{12}.sh \S+\/.work cold .runbook\/pull\/daily-backup\/config$/,
  );
  expect(await actions.authorizePull.describe({ pull }, contextFor())).toMatchObject({
    now: 'no key is authorized',
    changes: true,
  });
  expect(await actions.makeWorkplace.describe({ workplace: pull.workplace }, contextFor())).toMatchObject({
    changes: true,
  });
  expect(existsSync(join(hosts.home('backup'), '.runbook'))).toBe(false);
  expect(existsSync(join(hosts.home('db1'), '.ssh'))).toBe(false);
});
