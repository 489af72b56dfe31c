import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InputOf } from '../../../workflows/contract/actions';
import { engineOf, listProcesses, storeBytes } from '../../../activities/database';
import { cannotOpenCockroach } from '../../../activities/database/cockroach-versions';
import { failureOf } from '../cloud/small-cloud';
import { contextFor, LocalHosts, until } from '../copy/local-hosts';
import { fakeCockroach } from '../database/fake-cockroach';
import { StoreHost } from './store-host';

let hosts: LocalHosts;
let host: StoreHost;
beforeEach(() => {
  hosts = new LocalHosts();
  host = new StoreHost(hosts);
  rmSync(host.beside, { recursive: true });
  hosts.program('db1', 'cockroach', fakeCockroach);
});
afterEach(() => hosts.close());

const inHome = (name: string) => join(hosts.home('db1'), name);

describe('the target of a restore', () => {
  const archive = { engine: 'cockroach', version: 'v20.2.0', standIn: true, storeBytes: 1_000_000 };
  const check = (more: Partial<InputOf<'checkRestoreTarget'>['archive']> = {}) =>
    host.actions.checkRestoreTarget.do({ database: host.database, archive: { ...archive, ...more } }, contextFor());
  const mountinfo = (...points: string[]) => {
    const lines = points.map((point, index) => `${index + 20} 1 8:1 / ${point} rw - ext4 /dev/sda1 rw`).join('\\n');
    hosts.program(
      'db1',
      'cat',
      `[ "$1" != /proc/self/mountinfo ] || { printf '${lines}\\n'; exit; }; exec /bin/cat "$@"`,
    );
  };

  test('has its data moved beside the store, and nothing is made by looking', async () => {
    const before = readdirSync(host.root);
    const checked = await check();
    expect(checked).toMatchObject({ beside: host.beside, neededBytes: 101_050_000, version: 'v20.2.0' });
    expect(checked.freeBytes).toBeGreaterThan(checked.neededBytes);
    expect(readdirSync(host.root)).toEqual(before);
  });

  test('whose store is a mount point has it moved inside, also where both are the same device', async () => {
    mountinfo('/', host.store);
    expect(await check()).toMatchObject({ beside: join(host.store, '.runbook') });
    mountinfo('/', `${host.store}-of-another-name`, host.root);
    expect(await check()).toMatchObject({ beside: host.beside });
  });

  test('that is new has no store yet', async () => {
    rmSync(host.root, { recursive: true });
    expect(await check({ storeBytes: undefined })).toMatchObject({ beside: host.beside, neededBytes: 100_000_000 });
    expect(existsSync(host.root)).toBe(false);
  });

  test.each([
    ['another engine', { engine: 'postgres' }, /the backup is of postgres, the database on db1 is cockroach/],
    ['a newer version', { version: 'v21.1.0' }, /written by cockroach v21.1.0, on db1 is v20.2.0: data of a newer/],
    ['the real one', { standIn: false }, /written by a real cockroach, on db1 is a stand-in for it/],
    ['more than there is room for', { storeBytes: 1e18 }, /are free beside .* wanted 1050 PB/],
  ])('cannot take a backup of %s', async (_what, more, message) => {
    expect(await failureOf(check(more))).toEqual({
      type: 'PreconditionFailed',
      message: expect.stringMatching(message) as string,
    });
  });

  test('lacks a program', async () => {
    rmSync(join(hosts.bin('db1'), 'cockroach'));
    expect(await failureOf(check())).toMatchObject({
      type: 'PreconditionFailed',
      message: 'db1 has no cockroach; install what is missing there',
    });
  });

  test('that cannot be written is said', async () => {
    chmodSync(host.store, 0o500);
    const failure = await check().then(
      () => undefined,
      (error: Error) => error.message,
    );
    chmodSync(host.store, 0o700);
    // Root may write everywhere.
    expect(failure).toEqual(process.getuid?.() === 0 ? undefined : expect.stringContaining('cannot be written'));
  });
});

test.each([
  ['v20.2.0', 'v20.2.0', true],
  ['v20.1.17', 'v20.2.0', true],
  ['v19.2.0', 'v20.1.3', true],
  ['v23.2.1', 'v24.1.0', true],
  ['v24.3.0', 'v25.1.0', true],
  ['v20.2.3', 'v20.2.0', true],
  ['v21.1.0', 'v20.2.0', false],
  ['v20.1.0', 'v21.1.0', false],
  ['v24.2.0', 'v25.1.0', false],
  ['v19.1.0', 'v20.1.0', false],
  ['unknown', 'v20.2.0', false],
])('data of cockroach %s is opened by %s: %s', (writtenBy, installed, opens) => {
  expect(cannotOpenCockroach(writtenBy, installed) === null).toBe(opens);
});

test.each([
  ['18.4', '18.1', true],
  ['9.6.24', '9.6.1', true],
  ['9.5.1', '9.6.1', false],
  ['17.9', '18.1', false],
  ['19.0', '18.1', false],
  ['unknown', '18.1', false],
])('data of PostgreSQL %s is opened by %s: %s', (writtenBy, installed, opens) => {
  const spec = { engine: 'postgres', store: '/x', listen: ':5432', user: 'u', database: 'd', tables: ['t'] } as never;
  expect(engineOf({ spec }).cannotOpen(writtenBy, installed) === null).toBe(opens);
});

describe('the rows', () => {
  const read = (marker: string | null = null) =>
    host.actions.readRows.do({ database: host.database, marker }, contextFor());
  const answers = (text: string) =>
    hosts.program('db1', 'cockroach', `case $* in *runbook_marker*) ${text} ;; *) echo users,12 ;; esac`);

  test('are counted, and the marker is looked for where one is asked for', async () => {
    answers('printf "count\\n1\\n"');
    expect(await read()).toEqual({ rows: { users: 12 }, hasMarker: null, problem: null });
    expect(await read('m-1')).toEqual({ rows: { users: 12 }, hasMarker: true, problem: null });
    answers('printf "count\\n0\\n"');
    expect(await read('m-1')).toMatchObject({ hasMarker: false, problem: null });
    answers('echo "ERROR: relation runbook_marker does not exist" >&2; exit 1');
    expect(await read('m-1')).toMatchObject({
      hasMarker: null,
      problem: expect.stringContaining('does not exist') as string,
    });
  });

  test('are counted as of a moment, each by a whole statement', async () => {
    hosts.program('db1', 'cockroach', 'echo "$*" > "$HOME/asked"; echo users,12');
    const input = { database: host.database, marker: null, asOf: '2026-11-20T02:00:00.123456Z' };
    expect(await host.actions.readRows.do(input, contextFor())).toMatchObject({ rows: { users: 12 }, problem: null });
    const statement = "select 'users' as name, count(*) as count from users as of system time";
    expect(readFileSync(join(hosts.home('db1'), 'asked'), 'utf8')).toContain(
      `-e ${statement} '2026-11-20 02:00:00.123456'`,
    );
    const described = await host.actions.readRows.describe?.(input, contextFor());
    // Less than a restore has for what is held to this count.
    expect(described?.command).toContain('timeout 2 cockroach');
    expect(described?.command).toContain("from users as of system time '\\''<asOf>'\\''");
  });

  test.each([
    ['is stopped', 'echo "ERROR: cannot dial server." >&2; exit 1', /cannot dial server/],
    ['is damaged', 'echo "name,count"; echo posts,1', /no count of table users/],
    ['does not answer in time', 'exit 124', /no answer within 10 s/],
    ['has no program', 'exit 127', /^$|not found/],
  ])('of a database that %s are an answer, not a failure', async (_how, program, problem) => {
    hosts.program('db1', 'cockroach', program);
    expect(await read('m-1')).toEqual({
      rows: null,
      hasMarker: null,
      problem: expect.stringMatching(problem) as string,
    });
  });
});

describe('the application', () => {
  let server: Server;
  let title: string;
  beforeEach(async () => {
    title = 'bookface';
    server = createServer((_request, response) => response.end(`<title>${title}</title>`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));
  const check = (withinSeconds: number) =>
    host.actions.checkApplication.do(
      {
        database: host.database,
        check: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        status: 200,
        title: 'bookface',
        withinSeconds,
      },
      contextFor(),
    );

  test('is waited for until it answers as it should', async () => {
    title = 'no database';
    const checking = check(30);
    await new Promise<void>((resolve) => server.once('request', () => resolve()));
    title = 'bookface';
    expect(await checking).toEqual({ answered: true });
  });

  test('that does not is a failure that says what was seen', async () => {
    title = 'no database';
    expect(await failureOf(check(0.1))).toMatchObject({
      type: 'Unavailable',
      message: expect.stringMatching(/answers 200 "no database" after .* wanted 200 "bookface"/) as string,
    });
  });
});

test('descriptions are the command lines, and change nothing', async () => {
  const { actions, database, beside, stage } = host;
  const at = host.at('a');
  const facts = {
    site: 'lab',
    run: 'r',
    restored: 'x',
    createdAt: '2026-11-21T03:00:00Z',
    keptUntil: '2026-12-05T03:00:00Z',
  };
  const described = await Promise.all([
    actions.swapStore.describe({ ...at, stage, facts }, contextFor()),
    actions.returnStore.describe(at, contextFor()),
    actions.keepAside.describe(at, contextFor()),
    actions.removeAside.describe(at, contextFor()),
    actions.copyAside.describe(
      { database, beside, aside: 'a', stage: { host: database.host, directory: stage } },
      contextFor(),
    ),
  ]);
  const program = /^ssh db1 -- sh .runbook\/programs\/(swap-store|copy-aside)-[0-9a-f]{12}.sh /;
  for (const { command, changes } of described)
    expect([command, changes]).toEqual([expect.stringMatching(program), true]);
  expect(existsSync(beside)).toBe(false);
  expect(existsSync(inHome('.runbook'))).toBe(false);
});

test('what is ours in a store is no part of it: not of its size, and nobody who works there holds it', async () => {
  const inside = new StoreHost(hosts, { inside: true, name: 'db2' });
  const { signal } = contextFor();
  const db2 = hosts.host(inside.database.host);
  const size = () => storeBytes(engineOf(inside.database), db2, signal);
  const before = await size();
  writeFileSync(join(inside.stage, 'large'), 'x'.repeat(1_000_000));
  expect(await size()).toBe(before);
  const held = async (path: string) => {
    const holder = spawn('sh', ['-c', 'exec sleep 30 >> "$0"', path], { stdio: 'ignore' });
    const ended = new Promise((resolve) => holder.once('exit', resolve));
    await until(() => holder.pid !== undefined && readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sleep\n');
    const { stdout } = await db2.run(listProcesses(engineOf(inside.database)), { signal });
    holder.kill();
    await ended;
    return stdout !== '';
  };
  expect(await held(join(inside.stage, 'large'))).toBe(false);
  expect(await held(join(inside.store, '000001.sst'))).toBe(true);
});
