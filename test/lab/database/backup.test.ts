import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { eventually } from '../eventually';
import { errorLines, recording } from './recording';
import { type Outcome, StandIn, type TestServer } from './stand-in';

jest.setTimeout(120_000);

let cockroach: StandIn;
/** With a database `bf`, and two backups of it in `nodelocal://1/full`. */
let server: TestServer;
/** Has nothing yet; takes backups from `external`. */
let empty: TestServer;
let external: string;
let first: Outcome;

beforeAll(async () => {
  cockroach = new StandIn();
  server = await cockroach.server();
  await cockroach.start(server);
  await cockroach.sql(server, 'create database bf');
  await inDatabase(
    server,
    'create table accounts (id bigint primary key, name text not null, made timestamptz not null default now())',
    `insert into accounts select n, 'it''s ' || n from generate_series(1, 1000) n`,
    'create index accounts_made on accounts (made)',
    'create table notes (account bigint references accounts, note text unique)',
    `insert into notes values (1, 'one'), (2, null)`,
    'create table alone (id bigint primary key, kind text)',
    'create index alone_kind on alone (kind)',
    `insert into alone values (1, 'a')`,
  );
  first = await cockroach.sql(server, `backup into 'nodelocal://1/full'`);
  await inDatabase(server, `insert into notes values (3, 'three')`);
  await cockroach.sql(server, `backup into 'nodelocal://1/full'`);

  empty = await cockroach.server();
  external = path.join(cockroach.directory, 'external');
  mkdirSync(external);
  await cockroach.start(empty, `--external-io-dir=${external}`);
});
afterAll(() => cockroach.close());

const inDatabase = (on: TestServer, ...statements: string[]) =>
  cockroach.run(
    ...['sql', '--insecure', `--host=${on.host}`, '-d', 'bf', '--format=csv'],
    ...statements.flatMap((statement) => ['-e', statement]),
  );
const collection = () => path.join(server.store, 'extern/full');
const backups = () =>
  readdirSync(collection(), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('/BACKUP'))
    .map((file) => path.dirname(file))
    .sort();
const head = ({ code, stdout }: Outcome) => ({ code, header: stdout.split('\n')[0] });
/** The error, without what differs between two clusters. */
const error = (outcome: Outcome) =>
  errorLines(outcome)
    .split('\n')
    .filter((line) => !/^(DETAIL|HINT|show|source| +\^)/.test(line))
    .join('\n')
    .replace(/stat \/\S+?\/(?=[^/]+\/[^/]+:)/, 'stat /.../')
    .replace(/\d{4}\/\d\d\/\d\d-[\d.]+/, 'BACKUP')
    .replace(/cluster=\S+/, 'cluster=ID')
    .replace(/found \d+/, 'found N');

test('a backup answers as the real one does, and its collection is laid out like it', async () => {
  expect(head(first)).toEqual(head(recording('k02')));
  expect(first.stdout.split('\n')[1]).toMatch(/^\d{18,19},succeeded,1,1003,\d+,\d+$/);
  const [older = '', newest = ''] = backups();
  expect(`path\n${older}\n${newest}\n`.replace(/\d+/g, 'N')).toBe(recording('k04').stdout.replace(/\d+/g, 'N'));
  expect(await cockroach.sql(server, `show backups in 'nodelocal://1/full'`)).toMatchObject({
    code: 0,
    stdout: `path\n${older}\n${newest}\n`,
  });
  expect(readFileSync(path.join(collection(), 'LATEST'), 'utf8')).toBe(`/${newest}`);
  expect(recording('k09').stdout).toMatch(/^\/\d{4}\/\d\d\/\d\d-\d{6}\.\d\d$/m);
  expect(await cockroach.sql(server, `show backups in 'nodelocal://1/nope'`)).toMatchObject({
    code: recording('k27').code,
    stdout: recording('k27').stdout,
  });
  const shown = await cockroach.sql(server, `show backup '${newest}' in 'nodelocal://1/full'`);
  expect(head(shown)).toEqual(head(recording('k06')));
  expect(shown.stdout).toMatch(/^bf,accounts,NULL,20\d\d-\d\d-\d\d [\d:.]+\+00:00,\d+,1000,true$/m);
  expect((await cockroach.sql(server, `show backup 'nodelocal://1/full/${newest}'`)).stdout).toBe(shown.stdout);
});

test('restored into an empty cluster of another external directory, it has every row, once', async () => {
  const [older = '', newest = ''] = backups();
  cpSync(collection(), path.join(external, 'full'), { recursive: true });
  const from = `restore from 'nodelocal://1/full/${newest}'`;
  const restored = await cockroach.sql(empty, from);
  expect(head(restored)).toEqual(head(recording('k41')));
  const dump = ['select * from accounts order by id', 'select * from notes order by account'];
  expect((await inDatabase(empty, ...dump)).stdout).toBe((await inDatabase(server, ...dump)).stdout);
  const indexes = "select indexdef from pg_indexes where schemaname = 'public' order by 1";
  expect((await inDatabase(empty, indexes)).stdout).toBe((await inDatabase(server, indexes)).stdout);
  expect(await inDatabase(empty, `insert into notes values (7777, 'nobody')`)).toMatchObject({ code: 1 });
  expect(readdirSync(empty.store).filter((name) => name.endsWith('.sst')).length).toBeGreaterThan(0);

  const again = await cockroach.sql(empty, from);
  expect(error(again)).toBe(error(recording('k43b')));
  expect(error(await cockroach.sql(server, `restore from 'nodelocal://1/full/${older}'`))).toBe(
    error(recording('k23')),
  );
  expect(error(await cockroach.sql(server, `restore database bf from 'nodelocal://1/full/${older}'`))).toBe(
    error(recording('k18')),
  );
});

test('a damaged or missing data file is not shown, but fails the restore, of which nothing is left', async () => {
  const [newest = ''] = backups();
  const copy = (name: string) =>
    cpSync(path.join(collection(), newest), path.join(external, name), { recursive: true });
  const dataFile = (name: string) => {
    const files = readdirSync(path.join(external, name)).filter((file) => file.endsWith('.sst'));
    return path.join(external, name, files.sort().at(-1) ?? '');
  };
  const databases = 'select datname from pg_database order by 1';
  const target = await cockroach.server();
  await cockroach.start(target, `--external-io-dir=${external}`);
  const before = (await cockroach.sql(target, databases)).stdout;
  for (const [name, shown, failed, damage] of [
    ['dmg', 'k30', 'k31', (file: string) => writeFileSync(file, Buffer.from(readFileSync(file).reverse()))],
    ['miss', 'k32', 'k33', (file: string) => rmSync(file)],
  ] as const) {
    copy(name);
    damage(dataFile(name));
    expect(head(await cockroach.sql(target, `show backup 'nodelocal://1/${name}'`))).toEqual(head(recording(shown)));
    const outcome = await cockroach.sql(target, `restore from 'nodelocal://1/${name}'`);
    const words = (text: Outcome) =>
      error(text)
        .replace(/\/Table\/\S+:/, 'SPAN:')
        .replace(/[\w./-]*\.sst/g, 'FILE');
    expect(words(outcome)).toBe(words(recording(failed)));
    expect((await cockroach.sql(target, databases)).stdout).toBe(before);
  }
  const jobs = await cockroach.sql(target, `select job_type,status,error from [show jobs] order by created`);
  expect(jobs.stdout).toMatch(
    /^job_type,status,error\nRESTORE,failed,importing span \S+ checksum mismatch for \S+\nRESTORE,failed,"importing span/,
  );
  copy('nomf');
  rmSync(path.join(external, 'nomf/BACKUP'));
  expect(error(await cockroach.sql(target, `show backup 'nodelocal://1/nomf'`))).toBe(error(recording('k35')));
  truncateSync(path.join(external, 'dmg/BACKUP'), 100);
  expect((await cockroach.sql(target, `restore from 'nodelocal://1/dmg'`)).stderr).toContain('checksum mismatch');
  await cockroach.stop(target);
});

test('addresses and forms that the real one refuses are refused in its words', async () => {
  for (const [statement, id] of [
    [`backup database bf into 'nodelocal://9/bk'`, 'k12'],
    [`backup database bf into 'nodelocal:///bk'`, 'k13'],
    [`backup into latest in 'nodelocal://1/full'`, 'k14'],
    [`show backup from latest in 'nodelocal://1/full'`, 'k05'],
    [`restore database bf from latest in 'nodelocal://1/full'`, 'k24'],
    [`restore database bf from 'nodelocal://1/nope'`, 'k26'],
  ] as const)
    expect([id, error(await cockroach.sql(server, statement))]).toEqual([id, error(recording(id))]);
  const closed = await cockroach.server();
  await cockroach.start(closed, '--external-io-dir=disabled');
  expect(error(await cockroach.sql(closed, `backup into 'nodelocal://1/x'`))).toBe(error(recording('k44')));
  expect(existsSync(path.join(closed.store, 'extern'))).toBe(false);
  await cockroach.stop(closed);
});

test('what a database had at a time can be asked again and backed up, while it changes', async () => {
  const count = 'select count(*) from accounts';
  expect((await inDatabase(server, `${count} as of system time '-2s'`)).stdout).toBe('count\n1000\n');
  const time = (await inDatabase(server, 'select now()::text as t')).stdout.split('\n')[1] ?? '';
  const then = `${count} as of system time '${time}'`;
  expect((await inDatabase(server, then)).stdout).toBe('count\n1000\n');
  await inDatabase(server, `insert into accounts values (5000, 'late')`);
  expect((await inDatabase(server, then, count)).stdout).toBe('count\n1000\ncount\n1001\n');
  const backup = await cockroach.sql(server, `backup into 'nodelocal://1/then' as of system time '${time}'`);
  expect(backup.stdout.split('\n')[1]).toMatch(/succeeded,1,1004,/);

  const long = await inDatabase(server, `${count} as of system time '2026-01-01 00:00:00+00:00'`);
  expect(long.stderr).toContain('it remembers a time only if it was asked for it within 30 s');
  const union = `select 1 union all select count(*) from accounts as of system time '-1s'`;
  expect((await inDatabase(server, union)).stderr).toContain('must be provided on a top-level statement');
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'what a database had when it was stopped, by %s, can be asked once it serves and changes again',
  async (signal) => {
    const stopped = await cockroach.server();
    await cockroach.start(stopped);
    await cockroach.sql(stopped, 'create table t (id int primary key)', 'insert into t values (1), (2)');
    await cockroach.stop(stopped, signal);
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '');
    await cockroach.start(stopped);
    await cockroach.sql(stopped, 'insert into t values (3)');
    const then = `select count(*) from t as of system time '${time}'`;
    expect((await cockroach.sql(stopped, then, 'select count(*) from t')).stdout).toBe('count\n2\ncount\n3\n');
    await cockroach.stop(stopped);
  },
);

test('jobs are shown as the real ones are, and one that runs can be canceled', async () => {
  const shown = `select job_type,status,error from [show jobs] where job_type in ('RESTORE') order by created`;
  const jobs = await cockroach.sql(
    server,
    `select * from [show jobs] where job_type = 'BACKUP' order by created limit 1`,
  );
  const columns = [...recording('k16').stdout.matchAll(/^(\w+) +\|/gm)].map(([, name]) => name);
  expect(jobs.stdout.split('\n')[0]).toBe(columns.join(','));
  expect(jobs.stdout).toMatch(/,BACKUP,BACKUP INTO '\/20\S+' IN 'nodelocal:\/\/1\/full',,root,succeeded,NULL,/);
  expect(head(await cockroach.sql(server, shown))).toEqual(head(recording('k36')));
  expect(error(await cockroach.sql(server, 'cancel job 12345'))).toBe(error(recording('k50')));

  const [name, port] = server.host.split(':');
  const other = new Client({ host: name, port: Number(port), user: 'root', database: 'bf' });
  await other.connect();
  await other.query('begin; lock table alone');
  const running = `(select job_id from [show jobs] where status = 'running' and description like '%nodelocal://1/long%')`;
  const backup = cockroach.sql(server, `backup into 'nodelocal://1/long'`);
  await eventually('it runs', async () =>
    /\d/.test((await cockroach.sql(server, `select * from ${running} r`)).stdout),
  );
  expect((await cockroach.sql(server, `cancel jobs ${running}`)).stdout).toBe('CANCEL JOBS 1\n');
  expect(await backup).toMatchObject({ code: 1, stdout: '' });
  await other.end();
  expect((await cockroach.sql(server, `show backups in 'nodelocal://1/long'`)).stdout).toBe('path\n');
});
