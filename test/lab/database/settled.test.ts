import { createHash } from 'node:crypto';
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { cockroachDatabase } from '../../../lab/database/cockroach-database';
import { seedDatabase } from '../../../lab/database/seed';
import { layoutOf } from '../../../lab/layout';
import { StandIn, type TestServer } from './stand-in';

jest.setTimeout(120_000);

const database = cockroachDatabase({ path: '', standIn: true });
let cockroach: StandIn;
/** Seeded, settled, and stopped. */
let original: TestServer;
let rows: string;

const endpoint = (address: string) => ({ host: address.split(':')[0] ?? '', port: Number(address.split(':')[1]) });
const settle = ({ host, http }: TestServer) =>
  database.settle({ ...layoutOf(1), sql: endpoint(host), databaseHealth: endpoint(http) });
const sql = (server: TestServer, ...statements: string[]) =>
  cockroach.run(
    'sql',
    '--insecure',
    `--host=${server.host}`,
    '-d',
    'bookface',
    ...statements.flatMap((s) => ['-e', s]),
  );
const COUNTS = 'select (select count(*) from users), (select count(*) from posts), (select count(*) from comments)';

beforeAll(async () => {
  cockroach = new StandIn();
  original = await cockroach.server();
  await cockroach.start(original);
  await seedDatabase({ ...endpoint(original.host), megabytes: 33 });
  const before = (await sql(original, COUNTS)).stdout;
  await settle(original);
  rows = (await sql(original, COUNTS)).stdout;
  expect(rows).toBe(before);
  await cockroach.stop(original);
});
afterAll(() => cockroach.close());

const settledFiles = ({ store }: TestServer) => readdirSync(store).filter((name) => name.endsWith('.sst'));

function digests(server: TestServer): Record<string, string> {
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(path.join(server.store, name)))
      .digest('hex');
  return Object.fromEntries(settledFiles(server).map((name) => [name, digest(name)]));
}

/** As a checkpoint is made: what never changes by hard links, the rest copied. */
async function checkpointOf(server: TestServer): Promise<TestServer> {
  const copy = await cockroach.server();
  mkdirSync(copy.store);
  for (const name of settledFiles(server)) linkSync(path.join(server.store, name), path.join(copy.store, name));
  const filter = (file: string) => !/\.sst$|\/(LOCK|logs|cockroach-temp[^/]*)$/.test(file);
  cpSync(server.store, copy.store, { recursive: true, filter, verbatimSymlinks: true, force: false });
  return copy;
}

test('what the site was seeded with lies in files of its own, and what is left is small', () => {
  const bytes = (files: string[]) =>
    files.reduce((sum, name) => sum + statSync(path.join(original.store, name)).size, 0);
  const rest = readdirSync(original.store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.sst'))
    .map((entry) => path.relative(original.store, path.join(entry.parentPath, entry.name)));
  expect(bytes(settledFiles(original))).toBeGreaterThan(700_000);
  expect(bytes(rest)).toBeLessThan(36_000_000);
});

test('they do not change while the database is read and written, nor does a checkpoint that shares them', async () => {
  const server = await cockroach.copyOf(original);
  const [checkpoint, before] = [await checkpointOf(server), digests(server)];
  await cockroach.start(server);
  await sql(
    server,
    "insert into posts values ('new', 1, 'x'), ('newer', 2, 'y')",
    "insert into posts values ('new', 1, 'x') on conflict (id) do nothing",
    "update posts set body = 'z' where id = 'new'",
    "delete from posts where id = 'newer'",
    'vacuum',
    'checkpoint',
  );
  expect((await sql(server, 'select id from posts order by created_at desc limit 1')).stdout).toBe('id\nnew\n');
  expect((await sql(server, "select user_id from posts where id = 'seed-7'")).stdout).toBe('user_id\n8\n');
  await cockroach.stop(server, 'SIGKILL');
  await cockroach.start(server);
  expect((await sql(server, COUNTS)).stdout).not.toBe(rows);
  expect((await cockroach.start(checkpoint)).code).toBe(0);
  expect((await sql(checkpoint, COUNTS)).stdout).toBe(rows);
  for (const running of [server, checkpoint]) await cockroach.stop(running);
  expect(digests(server)).toEqual(before);
  expect(digests(checkpoint)).toEqual(before);
});

test('settled rows refuse to be changed, and say why; they go with their table, and their files with them', async () => {
  const server = await cockroach.copyOf(original);
  await cockroach.start(server);
  for (const change of ["update users set name = 'x'", "delete from posts where id = 'seed-1'"]) {
    const { code, stderr } = await sql(server, change);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ERROR: the rows that public\.\w+ had when it was settled cannot be changed: the stand-in/m,
    );
  }
  await sql(server, 'drop table users, posts, comments cascade');
  await cockroach.stop(server);
  expect(settledFiles(server)).toEqual([]);
});

test('missing or short, they keep the database from starting', async () => {
  const server = await cockroach.copyOf(original);
  const [first = '', second = ''] = settledFiles(server).map((name) => path.join(server.store, name));
  truncateSync(first, 100);
  expect((await cockroach.start(server)).stderr).toMatch(/file size mismatch \(\S+\.sst\): 100 \(disk\) != \d+/);
  cpSync(path.join(original.store, path.basename(first)), first);
  rmSync(second);
  expect((await cockroach.start(server)).stderr).toMatch(/stat \S+\.sst: no such file or directory/);
});
