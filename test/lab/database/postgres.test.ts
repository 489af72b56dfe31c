import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applicationBinds } from '../../../lab/application/binds';
import { postgresDatabase } from '../../../lab/database/postgres-database';
import { probeIsolation } from '../../../lab/hosts/create-hosts';
import { type LabHost } from '../../../lab/hosts/host';
import { layoutOf, type Layout } from '../../../lab/layout';
import { eventually } from '../eventually';
import { type TestLab, startLab } from '../hosts/lab';
import { freePorts } from '../ports';
import { buildPrograms } from '../programs';

jest.setTimeout(60_000);

const programs = buildPrograms('database', 'application');
const directory = mkdtempSync(path.join(tmpdir(), 'lab-postgres-'));
const database = postgresDatabase(path.join(directory, 'links'));
let lab: TestLab;
let host: LabHost;
let layout: Layout;

beforeAll(async () => {
  for (const visible of [directory, path.dirname(programs.directory)]) chmodSync(visible, 0o755);
  mkdirSync(path.join(directory, 'bin'));
  const names = Object.keys(database.programs((name) => name));
  for (const name of names) writeFileSync(path.join(directory, 'bin', name), '', { mode: 0o755 });
  database.prepare((name) => name);
  const isolation = probeIsolation();
  lab = await startLab(['db1'], {
    isolation,
    binds: [
      ...applicationBinds(programs.directory),
      ...database.binds,
      ...names.map((name) => ({ from: path.join(directory, 'bin', name), to: `/lab/bin/${name}` })),
    ],
  });
  host = lab.host('db1');
  const hostPath = (name: string) => host.hostPath(name);
  database.prepare(hostPath);
  for (const [name, script] of Object.entries(database.programs(hostPath)))
    writeFileSync(path.join(directory, 'bin', name), script);
  const [port = 0] = await freePorts(1);
  layout = { ...layoutOf(1), sql: { host: '127.0.0.1', port } };
  const serve = [database.configure(layout, hostPath), database.serve(layout, hostPath)].join('\n');
  await host.exec(`mkdir -p ${hostPath('/var/lib')}; setsid sh -c ${quote(serve)} > /tmp/log 2>&1 < /dev/null &`);
  await eventually('it serves', () => database.isReady(layout), 20_000);
});
afterAll(async () => {
  await lab.close();
  programs.remove();
  rmSync(directory, { recursive: true });
});

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Runs each as a `-c` of one session. */
const psql = (port: number, ...commands: string[]) =>
  host.exec(
    `psql -X -A -t -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p ${port} -U root -d postgres ${commands
      .map((command) => `-c ${quote(command)}`)
      .join(' ')}`,
  );

test('a shell command runs within a session, and however it ends the session goes on', async () => {
  const { port } = layout.sql;
  const asked = await psql(
    port,
    'create temporary table here (i int)',
    'insert into here values (7)',
    '\\! echo between; exit 3',
    'select i from here',
  );
  expect(asked).toMatchObject({ code: 0, stdout: 'between\n7\n' });
  expect(await psql(port, '\\nothing', 'select 1')).toMatchObject({ code: 1, stdout: '' });
});

test('a base backup made by hand, in one session, has all that was written before its end', async () => {
  const { port } = layout.sql;
  const [store, copy] = [host.hostPath('/bfdata'), host.hostPath('/home/copy')];
  await psql(port, 'create table kept (i int)', 'insert into kept select generate_series(1, 100000)');
  const { code, stdout } = await psql(
    port,
    "select pg_create_physical_replication_slot('copy', true, true)",
    "select pg_backup_start('copy', true)",
    `\\! cp -R ${store} ${copy}; rm -rf ${copy}/postmaster.pid ${copy}/pg_wal/0* ${copy}/pg_replslot/*`,
    'insert into kept values (0)',
    'checkpoint',
    'select labelfile from pg_backup_stop(false)',
    `\\! cp ${store}/pg_wal/0* ${copy}/pg_wal/`,
    'insert into kept values (-1)',
  );
  expect(code).toBe(0);
  const label = stdout.slice(stdout.indexOf('START WAL LOCATION'));
  await host.exec(`printf %s ${quote(label)} > ${copy}/backup_label`);

  const [elsewhere = 0] = await freePorts(1);
  await host.exec(`postgres -D ${copy} -c port=${elsewhere} > ${copy}.log 2>&1 < /dev/null &`);
  await eventually('the copy serves', async () => (await psql(elsewhere, 'select 1')).code === 0, 20_000);
  expect((await psql(elsewhere, 'select count(*), min(i) from kept')).stdout).toBe('100001|0\n');
  expect((await psql(port, 'select count(*) from pg_replication_slots')).stdout).toBe('0\n');
});
