import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { clearDatabaseFaults, setDatabaseFault } from '../../../lab/database/fault';
import { nativeDirectory } from '../../../lab/database/find-cockroach';
import { eventually } from '../eventually';
import { errorLines, recording } from './recording';
import { isAlive, StandIn, type TestServer } from './stand-in';

jest.setTimeout(60_000);

const exec = async (command: string) => promisify(execFile)('sh', ['-c', command]);

let cockroach: StandIn;
/** Stopped in order, with three rows in table `t`. */
let original: TestServer;

beforeAll(async () => {
  cockroach = new StandIn();
  original = await cockroach.server();
  expect(await cockroach.start(original)).toMatchObject({ code: 0, stdout: '' });
  const made = await cockroach.sql(original, 'create table t (i int)', 'insert into t values (1), (2), (3)');
  expect(made).toMatchObject({ code: 0, stdout: 'CREATE TABLE\nINSERT 3\n' });
  await cockroach.stop(original);
});

afterAll(() => cockroach.close());

async function rows(server: TestServer): Promise<string> {
  return (await cockroach.sql(server, 'select count(*) from t')).stdout;
}

async function ready({ http }: TestServer): Promise<string> {
  const answer = await fetch(`http://${http}/health?ready=1`);
  const { error = '' } = (await answer.json()) as { error?: string };
  return `${answer.status} ${error}`.trim();
}

describe('a server', () => {
  test('says what it is', async () => {
    const { code, stdout } = await cockroach.run('version');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Build Tag: +v/);
    expect(stdout).toMatch(/stand-in for CockroachDB, backed by PostgreSQL \d+\.\d+/);
    expect((await cockroach.run('version', '--build-tag')).stdout.trim()).toBe(/Build Tag: +(\S+)/.exec(stdout)?.[1]);
  });

  test('ends in order on SIGTERM, with exit code 0 and the real last words', async () => {
    const server = await cockroach.copyOf(original);
    const { child, stdout } = cockroach.foreground(server);
    await eventually('the server is ready', async () => (await ready(server).catch(() => '')) === '200');
    expect(stdout()).toMatch(/^status: +restarted pre-existing node$/m);
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toMatch(
      `cockroach start-single-node --insecure --store=${server.store}`,
    );
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(stdout()).toMatch(/\ninitiating graceful shutdown of server\nserver drained and shutdown completed\n$/);
    expect(readdirSync(server.store).filter((name) => name.startsWith('cockroach-temp'))).toEqual([]);
  });

  test('runs where the script that links PostgreSQL to its libraries was not run', async () => {
    const native = path.join(cockroach.directory, 'native');
    cpSync(nativeDirectory(), native, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    for (const { target } of links) rmSync(path.join(native, '..', target));
    const bare = new StandIn(native);
    const server = await bare.server();
    expect(await bare.start(server)).toMatchObject({ code: 0 });
    expect((await bare.sql(server, 'select 1 as a')).stdout).toBe('a\n1\n');
    await bare.close();
  });

  test('keeps everything in its store: a cold copy runs elsewhere', async () => {
    const copy = await cockroach.copyOf(original);
    rmdirSync(path.join(copy.store, 'postgresql/pg_notify'));
    expect((await cockroach.start(copy)).code).toBe(0);
    expect(await rows(copy)).toBe('count\n3\n');
    await cockroach.stop(copy);
  });

  test('killed, takes PostgreSQL with it, and the next start has what was committed', async () => {
    const server = await cockroach.copyOf(original);
    await cockroach.start(server);
    await cockroach.sql(server, 'insert into t values (4)');
    const postmaster = Number(
      readFileSync(path.join(server.store, 'postgresql/postmaster.pid'), 'utf8').split('\n')[0],
    );
    expect(isAlive(postmaster)).toBe(true);
    await cockroach.stop(server, 'SIGKILL');
    await eventually('PostgreSQL is gone', () => !isAlive(postmaster), 1_000);
    expect((await cockroach.start(server)).code).toBe(0);
    expect(await rows(server)).toBe('count\n4\n');
    await cockroach.stop(server);
  });

  test('does not start twice on one store, nor on a port in use', async () => {
    const server = await cockroach.copyOf(original);
    await cockroach.start(server);
    const twice = await cockroach.start({ ...(await cockroach.server()), store: server.store });
    const like = (id: string) =>
      errorLines(recording(id)).replace('Failed running "start"', 'Failed running "start-single-node"');
    expect(twice.code).toBe(recording('b33').code);
    expect(errorLines(twice).replace(/directory \S+,/, 'directory X,')).toBe(
      like('b33').replace(/directory \S+,/, 'directory X,'),
    );
    const other = await cockroach.copyOf(original);
    const port = /:(\d+): bind/;
    const sqlPort = await cockroach.start({ ...other, host: server.host });
    expect(errorLines(sqlPort).replace(port, ':P: bind')).toBe(like('b34').replace(port, ':P: bind'));
    const httpPort = await cockroach.start({ ...other, http: server.http });
    expect(errorLines(httpPort).replace(port, ':P: bind')).toBe(like('b35').replace(port, ':P: bind'));
    await cockroach.stop(server);
  });

  test('does not start on a damaged store', async () => {
    const server = await cockroach.copyOf(original);
    const file = path.join(server.store, 'postgresql/global/pg_filenode.map');
    truncateSync(file, statSync(file).size / 2);
    const { code, stderr } = await cockroach.start(server);
    expect(code).toBe(1);
    expect(stderr).toMatch(/failed to create engines: file size mismatch .* \(disk\) != \d+ \(MANIFEST\)/);
  });

  test('makes no new database where an old one lost its head', async () => {
    const server = await cockroach.server();
    mkdirSync(path.join(server.store, 'postgresql'), { recursive: true });
    const { code, stderr } = await cockroach.start(server);
    expect(code).toBe(1);
    expect(stderr).toContain('cockroach server exited with error: unable to bootstrap due to internal error');
  });
});

describe('a client', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await cockroach.copyOf(original);
    await cockroach.start(server);
  });

  test('prints values as the real one does', async () => {
    const { code, stdout } = await cockroach.sql(
      server,
      `select i as id, case i when 1 then 'with,comma and "quote"' when 2 then E'two\\nlines' end as note,
        i < 0 as isnull, '\\x00ff'::bytea as bytes, now() > '2000-01-01' as b from t order by i`,
    );
    expect(code).toBe(0);
    expect(stdout).toBe(
      'id,note,isnull,bytes,b\n1,"with,comma and ""quote""",false,\\000\\377,true\n' +
        '2,"two\nlines",false,\\000\\377,true\n3,NULL,false,\\000\\377,true\n',
    );
  });

  test('prints a block for each -e, and a tag line where there are no rows', async () => {
    await cockroach.sql(server, 'create schema bf', 'create table bf.x (i int)', 'insert into bf.x values (1), (2)');
    const statements = ['select 1 as a', 'select 2 as b', 'insert into bf.x values (3)', 'select count(*) from bf.x'];
    const { code, stdout, stderr } = await cockroach.sql(server, ...statements);
    expect({ code, stdout, stderr }).toEqual(recording('c13'));
  });

  test('prints the header of an empty result', async () => {
    expect((await cockroach.sql(server, 'select i as id from t where i < 0')).stdout).toBe(recording('c18').stdout);
  });

  test('stops at the first -e that fails, exit code 1', async () => {
    expect(await cockroach.sql(server, 'select 1 as a', 'select * from bf.nope', 'select 3 as c')).toEqual(
      recording('c16'),
    );
  });

  test('tells a syntax error by its SQLSTATE', async () => {
    const [error, state] = errorLines(recording('c14')).split('\n');
    expect(
      errorLines(await cockroach.sql(server, 'selec 1'))
        .split('\n')
        .slice(0, 2),
    ).toEqual([error, state]);
  });

  test('knows no JSON', async () => {
    const host = `--host=${server.host}`;
    const { code, stderr } = await cockroach.run('sql', '--insecure', host, '--format=json', '-e', 'select 1');
    expect(code).toBe(recording('c10-sql-format-json').code);
    expect(stderr).toContain('invalid table display format: json');
  });

  test('fails at once where nobody listens', async () => {
    const nobody = await cockroach.server();
    const refused = await cockroach.sql(nobody, 'select 1');
    const port = /127\.0\.0\.1:\d+/;
    expect({ ...refused, stderr: refused.stderr.replace(port, 'A') }).toEqual({
      ...recording('a03'),
      stderr: recording('a03').stderr.replace(port, 'A'),
    });
  });

  test('shows the columns of node status', async () => {
    const header = ({ stdout }: { stdout: string }) => stdout.split('\n')[0];
    const status = ['node', 'status', '--insecure', `--host=${server.host}`, '--format=csv'];
    expect(header(await cockroach.run(...status))).toBe(header(recording('b20-node-status-csv')));
    const { stdout } = await cockroach.run(...status, '--ranges');
    expect(header({ stdout })).toBe(header(recording('b23')));
    expect(stdout).toMatch(new RegExp(`^1,${server.host},.*,true,true,\\d+,\\d+,[1-9]\\d*,0,0$`, 'm'));
  });

  test('reads health and metrics', async () => {
    expect(await ready(server)).toBe('200');
    const vars = await (await fetch(`http://${server.http}/_status/vars`)).text();
    expect(vars).toMatch(/^ranges\{store="1"\} [1-9]/m);
    expect(vars).toMatch(/^liveness_livenodes 1$/m);
  });

  test('drains a node, which stays drained until it is started again', async () => {
    const drain = ['node', 'drain', '--insecure', `--host=${server.host}`];
    const first = await cockroach.run(...drain);
    expect(first).toMatchObject({ code: 0, stdout: recording('h01').stdout });
    expect(first.stderr.replace(/remaining: \d\d/, 'remaining: N')).toBe(
      recording('h01').stderr.replace(/remaining: \d\d/, 'remaining: N'),
    );
    expect(await cockroach.run(...drain)).toEqual(recording('h06'));
    expect(await ready(server)).toBe('503 node is shutting down');
    expect((await fetch(`http://${server.http}/health`)).status).toBe(200);
    expect(await cockroach.sql(server, 'select 1')).toEqual(recording('h04'));
    await cockroach.stop(server);
    expect((await cockroach.start(server)).code).toBe(0);
    expect(await rows(server)).toBe('count\n3\n');
  });

  test('quits', async () => {
    const { code, stdout } = await cockroach.run('quit', '--insecure', `--host=${server.host}`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: recording('n27').stdout });
    await eventually('the server has ended', () => !cockroach.running(server));
  });
});

describe('a fault', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await cockroach.copyOf(original);
  });
  afterEach(async () => {
    await clearDatabaseFaults(exec, cockroach.faults);
    if (cockroach.running(server)) await cockroach.stop(server, 'SIGKILL');
  });

  test('a database that will not stop drains, hangs, and ends by force', async () => {
    await cockroach.start(server);
    await setDatabaseFault(exec, 'db-wont-stop', cockroach.faults);
    process.kill(cockroach.pid(server), 'SIGTERM');
    await eventually('it drains', async () => (await ready(server)) === '503 node is shutting down');
    await eventually('it refuses', async () => (await cockroach.sql(server, 'select 1')).stderr.includes('57P01'));
    expect(cockroach.running(server)).toBe(true);
    await cockroach.stop(server, 'SIGKILL');
    expect((await cockroach.start(server)).code).toBe(0);
    expect(await rows(server)).toBe('count\n3\n');
  });

  test('a database that will not stop goes on stopping when the fault is cleared', async () => {
    await cockroach.start(server);
    await setDatabaseFault(exec, 'db-wont-stop', cockroach.faults);
    process.kill(cockroach.pid(server), 'SIGTERM');
    await eventually('it drains', async () => (await ready(server)) === '503 node is shutting down');
    await clearDatabaseFaults(exec, cockroach.faults);
    await eventually('it ends', () => !cockroach.running(server));
    expect(existsSync(path.join(server.store, 'MANIFEST'))).toBe(true);
  });

  test('a database that will not stop even by force is found running, and serves', async () => {
    await cockroach.start(server);
    await setDatabaseFault(exec, 'db-wont-stop-even-by-force', cockroach.faults);
    for (let kills = 0; kills < 3; kills++) {
      const pid = cockroach.pid(server);
      process.kill(pid, 'SIGTERM');
      process.kill(pid, 'SIGKILL');
      await eventually('another one runs', () => cockroach.running(server) && cockroach.pid(server) !== pid);
    }
    await eventually('it serves', async () => (await rows(server)) === 'count\n3\n');
    await clearDatabaseFaults(exec, cockroach.faults);
    await cockroach.stop(server);
    expect((await cockroach.start(server)).code).toBe(0);
  });

  test('a database that will not start says why', async () => {
    await setDatabaseFault(exec, 'db-wont-start', cockroach.faults);
    const { code, stderr } = await cockroach.start(server);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ERROR: cockroach server exited with error: failed to create engines: .*$/m);
    await clearDatabaseFaults(exec, cockroach.faults);
    expect(await cockroach.start(server)).toEqual({ code: 0, stdout: '', stderr: expect.any(String) as string });
  });
});
