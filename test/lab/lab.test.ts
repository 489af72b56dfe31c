import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createActivities } from '../../activities';
import { createOpenStack, ensureServerRunning, ensureServerStopped, moveFloatingIp } from '../../activities/openstack';
import { sitesFrom } from '../../activities/site/sites';
import { createSshHosts } from '../../activities/ssh/hosts';
import { sh } from '../../activities/ssh/shell';
import { parseEnvFile } from '../../cli/lab-environment';
import type * as Control from '../../lab/control';
import { type Damage } from '../../lab/database/damage';
import { resolveSite } from '../../workflows/contract/resolve-site';
import { modelDocument } from '../sim/site/document';
import { SiteModel } from '../sim/site/model';
import { eventually } from './eventually';
import { afterPowerCut, backup, interruptedJobs, preparations, silence } from './model-scenario';
import { observeAdapters, observeModel } from './observations';
import { buildPrograms } from './programs';

jest.setTimeout(60_000);

// Plain JavaScript that runs before anything is built.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const temporal = require('../../bin/setup/temporal') as { find(): string | null };
const programs = buildPrograms('');
// eslint-disable-next-line @typescript-eslint/no-require-imports
const lab = require(path.join(programs.directory, 'control')) as typeof Control;

const directory = mkdtempSync(path.join(tmpdir(), 'lab-whole-'));
// Without namespaces, a lab run by root runs its hosts as nobody.
for (const visible of [directory, path.dirname(programs.directory)]) chmodSync(visible, 0o755);

const up = (say: (line: string) => void = () => undefined) =>
  lab.labUp({
    ...{ directory, say, temporalBinary: temporal.find() ?? 'temporal' },
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, LAB_ISOLATION: process.env.LAB_ISOLATION },
      ...{ LAB_MEGABYTES: '40', LAB_BOOT_DELAY_MS: '300', LAB_POWER_DELAY_MS: '100' },
    },
  });
const status = async () => (await lab.labStatus(directory))!;
const control = (method: string, route: string, body?: unknown) => lab.labControl(directory, method, route, body);
const exec = (host: string, command: string) =>
  control('POST', `/hosts/${host}/exec`, { command: [command] }) as Promise<{ exitCode: number; stdout: string }>;
const fault = (kind: string, target?: string, details: object = {}) =>
  control('POST', '/faults', { kind, target, ...details });

/** What an operator's tools are given: only what the lab wrote. */
function operator() {
  const env = parseEnvFile(readFileSync(path.join(directory, 'env'), 'utf8'));
  const openstack = createOpenStack({ env, home: directory, cwd: directory, timeoutMs: 5_000 });
  const ssh = createSshHosts({ env, home: directory, connectTimeoutMs: 2_000 });
  return { env, ssh, cloud: openstack.cloud('lab'), close: () => Promise.all([openstack.close(), ssh.close()]) };
}

async function site() {
  const { name, document } = await sitesFrom({ env: used.env, root: directory }).load(null);
  return resolveSite(name, document);
}

/** Processes that belong to the lab, by their command lines. */
function processes(): string[] {
  const look = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(look)
    .filter((line) => line.includes(directory));
}

let used: ReturnType<typeof operator>;
let closeActivities: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  await up();
  used = operator();
});

afterAll(async () => {
  await Promise.all([used.close(), closeActivities()]);
  await lab.labDown(directory);
  programs.remove();
  rmSync(directory, { recursive: true, force: true });
});

test('production serves, the visitor visits, and the status says what is where', async () => {
  await eventually('the visitor has read and written', async () => {
    const { reads, writesAcknowledged } = (await status()).visitor;
    return reads > 20 && writesAcknowledged > 20;
  });
  const seen = await status();
  expect(seen).toMatchObject({
    ...{ up: true, serving: 'production', notifications: [] },
    floatingIp: { at: 'balancer' },
    database: { engine: 'cockroach', running: true, rows: { users: 320, comments: 12_800 } },
    visitor: { writesLost: 0, outages: [] },
  });
  expect(Object.fromEntries(Object.entries(seen.hosts).map(([name, { power }]) => [name, power]))).toEqual({
    ...{ balancer: 'on', www1: 'on', www2: 'on', www3: 'on', db1: 'on', backup: 'off', manager: 'on' },
  });
  expect(seen.servers.backup).toEqual({ status: 'SHUTOFF', taskState: null });
  expect(seen.temporal.pid).toBeGreaterThan(1);
});

test('coming up again changes nothing and returns at once', async () => {
  const before = await status();
  const said: string[] = [];
  const [one, other] = await Promise.all([up((line) => said.push(line)), up()]);
  expect(said).toEqual([]);
  expect([one.temporal.pid, other.temporal.pid]).toEqual([before.temporal.pid, before.temporal.pid]);
});

test('the files it writes are a site file, a cloud account and host keys that the product takes', async () => {
  const { database, production } = await site();
  const { exitCode, stdout } = await used.ssh.host(database.host).run(sh`hostname; ls ${database.spec.store}`);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('CURRENT')]);
  expect(production.url).toBe((await status()).publicUrl);
});

test('moving the floating IP by the cloud moves what the public address serves', async () => {
  const { floatingIp } = await status();
  await moveFloatingIp(used.cloud, { address: floatingIp.address, toServer: 'www3' });
  await eventually('the fallback page is served', async () => (await status()).serving === 'fallback');
  const { up } = (await site()).production;
  const inside = await fetch(up.check ?? '');
  expect([inside.status, await inside.text()]).toEqual([
    up.status,
    expect.stringContaining(`<title>${up.title}</title>`),
  ]);
  await moveFloatingIp(used.cloud, { address: floatingIp.address, toServer: 'balancer' });
  await eventually('production is served', async () => (await status()).serving === 'production');
  await eventually('the visitor has seen it', async () => {
    return (await status()).visitor.outages.some(({ kind }) => kind === 'fallback');
  });
});

test('starting a server by the cloud boots the host, with its volume to be mounted; stopping it ends it', async () => {
  await ensureServerRunning(used.cloud, 'backup');
  await eventually('the host is on', async () => (await status()).hosts.backup?.power === 'on');
  expect(await exec('backup', 'mount /backup && mountpoint -q /backup && command -v cockroach')).toMatchObject({
    exitCode: 0,
  });
  await ensureServerStopped(used.cloud, 'backup');
  expect((await status()).hosts.backup?.power).toBe('off');
  await expect(exec('backup', 'true')).rejects.toThrow('backup is off');
});

test('the power switch is seen by the cloud, and a database host that is on again serves again', async () => {
  await control('POST', '/hosts/db1/power', { state: 'off' });
  expect(await status()).toMatchObject({
    servers: { db1: { status: 'SHUTOFF' } },
    database: { running: false, rows: {} },
  });
  await control('POST', '/hosts/db1/power', { state: 'on' });
  await eventually('production is served', async () => (await status()).serving === 'production');
  expect(await status()).toMatchObject({ servers: { db1: { status: 'ACTIVE' } }, visitor: { writesLost: 0 } });
});

test('the site in memory that runbooks are simulated on behaves as the lab does', async () => {
  const sites = sitesFrom({ env: used.env, root: directory });
  // It is asked about catalogues only.
  const client = new Client({ connection: Connection.lazy() });
  const created = createActivities({ client, env: used.env, sites, home: directory, cwd: directory });
  closeActivities = created.close;
  const model = new SiteModel(Date.now);
  const expectAlike = async (part: typeof backup) => {
    const seen = await observeAdapters(created.implementations, part(await site()));
    expect(observeModel(model, part(resolveSite('fake', modelDocument)))).toEqual(seen);
  };
  await expectAlike(preparations);

  for (const host of ['backup', 'db1']) {
    await fault('no-ssh', host);
    model.unreachable.add(host);
  }
  await expectAlike(silence);
  await control('DELETE', '/faults');
  model.unreachable.clear();

  await fault('slow', 'backup', { mbps: 1 });
  await expectAlike(interruptedJobs);
  await control('POST', '/hosts/backup/power', { state: 'reboot' });
  model.crash('backup');
  model.recover('backup');
  await expectAlike(afterPowerCut);
  await control('DELETE', '/faults');

  await expectAlike(backup);
}, 120_000);

describe('faults', () => {
  afterEach(() => control('DELETE', '/faults'));

  test('a refused password and a service that is down', async () => {
    await fault('wrong-password');
    await expect(ensureServerStopped(used.cloud, 'backup')).rejects.toMatchObject({ type: 'AuthDenied' });
    await control('DELETE', '/faults');
    await ensureServerStopped(used.cloud, 'backup');
    await fault('api', 'compute', { status: 503, for: 60 });
    await expect(ensureServerStopped(used.cloud, 'backup')).rejects.toMatchObject({ type: 'Unavailable' });
  });

  test('a host without SSH, and one with another key', async () => {
    const { database } = await site();
    const hostname = () => {
      const ssh = createSshHosts({ env: used.env, home: directory, connectTimeoutMs: 2_000 });
      return ssh
        .host(database.host)
        .run(sh`hostname`)
        .finally(() => ssh.close());
    };
    await fault('no-ssh', 'db1');
    await expect(hostname()).rejects.toMatchObject({ type: 'Unavailable' });
    await control('DELETE', '/faults');
    await fault('host-key', 'db1');
    await expect(hostname()).rejects.toMatchObject({ type: 'HostKeyMismatch' });
    await control('DELETE', '/faults');
    await expect(hostname()).resolves.toMatchObject({ exitCode: 0 });
  });

  test('a database that does not stop, and one that does not start', async () => {
    const { store } = (await site()).database.spec;
    const log = path.join(directory, 'data/hosts/db1/var/log/cockroach.log');
    const server = `'cockroach start-single-node.*--store=${store} '`;
    const isRunning = async () => (await exec('db1', `pgrep -f ${server}`)).exitCode === 0;
    await fault('db-wont-stop');
    await exec('db1', `pkill -TERM -f ${server}`);
    await eventually('it serves nobody', async () => !('users' in (await status()).database.rows));
    expect(await isRunning()).toBe(true);
    await fault('db-wont-start');
    await exec('db1', `pkill -KILL -f ${server}`);
    await eventually('it has ended', async () => !(await isRunning()));
    expect((await status()).database).toMatchObject({ running: false, rows: {} });
    await control('POST', '/hosts/db1/power', { state: 'reboot' });
    await eventually('its start has failed', async () => {
      return readFileSync(log, 'utf8').split('\n').slice(-4).join().includes('input/output error');
    });
    await control('DELETE', '/faults');
    await control('POST', '/hosts/db1/power', { state: 'reboot' });
    await eventually('production is served', async () => (await status()).serving === 'production');
  });

  test('an archive is corrupted by name, as the latest, and the moment it appears', async () => {
    const volume = path.join(directory, 'data/volumes/backup/bookface');
    mkdirSync(volume, { recursive: true });
    const write = (name: string) => writeFileSync(path.join(volume, name), Buffer.alloc(1001));
    const damaged = (name: string) => readFileSync(path.join(volume, name)).findIndex((byte) => byte !== 0);
    write('one.tar.gz');
    await expect(fault('corrupt', 'two.tar.gz')).rejects.toThrow('no archive two.tar.gz; there are: one.tar.gz');
    await fault('corrupt', 'latest');
    expect(damaged('one.tar.gz')).toBe(500);
    await fault('corrupt', 'next');
    write('two.tar.zst');
    await eventually('it is corrupt', () => damaged('two.tar.zst') === 500);
    write('three.tar.zst');
    expect(damaged('three.tar.zst')).toBe(-1);
  });

  test('what does not exist is refused with what does', async () => {
    await expect(fault('rust', 'db1')).rejects.toThrow(/^fault: found rust, expected one of slow, disk-full/);
    await expect(fault('slow', 'db9', { mbps: 1 })).rejects.toThrow('host: found db9, expected one of balancer');
    await expect(control('POST', '/hosts/db1/power', { state: 'up' })).rejects.toThrow('expected one of on, off');
  });
});

test('a lab that is killed leaves no host behind, and goes on with its data when it comes up', async () => {
  const before = await status();
  const { pid } = JSON.parse(readFileSync(path.join(directory, 'lab.json'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await eventually('only the Temporal server is left', () => processes().every((line) => line.includes('start-dev')));
  expect(await lab.labStatus(directory)).toBeNull();

  const after = await up();
  expect(after).toMatchObject({ serving: 'production', publicUrl: before.publicUrl, visitor: { writesLost: 0 } });
  expect(after.visitor.writesAcknowledged).toBeGreaterThanOrEqual(before.visitor.writesAcknowledged);
  expect(after.temporal.pid).toBe(before.temporal.pid);
});

test('a Temporal server that was killed stays dead until the lab comes up', async () => {
  const { pid } = (await status()).temporal;
  process.kill(pid!, 'SIGKILL');
  await eventually('it is seen dead', async () => (await status()).temporal.pid === null);
  expect((await up()).temporal.pid).not.toBe(pid);
});

test('a store is damaged by files that are named, and a lost host is replaced by an empty one', async () => {
  const { database } = await site();
  const { store } = database.spec;
  const files = async () =>
    (await exec('db1', `find ${store} -type f -printf '%P\\n'`)).stdout.split('\n').filter((file) => file !== '');
  const before = await files();
  const known = readFileSync(path.join(directory, 'known_hosts'), 'utf8');
  const { deleted, corrupted } = (await fault('damage', 'db1', { seed: 7 })) as Damage;
  const after = new Set(await files());
  expect(before.filter((file) => !after.has(file))).toEqual(expect.arrayContaining([...deleted]));
  expect(after.has(corrupted)).toBe(true);
  await expect(fault('damage', 'www1')).rejects.toThrow('there is no store');

  await fault('fresh', 'db1');
  const host = used.ssh.host(database.host);
  expect(await host.run(sh`ls -A ${database.spec.store}`)).toMatchObject({ exitCode: 0, stdout: '' });
  expect(await host.run(sh`command -v cockroach`)).toMatchObject({ exitCode: 0 });
  expect(await status()).toMatchObject({ servers: { db1: { status: 'ACTIVE' } } });
  await control('POST', '/hosts/db1/power', { state: 'reboot' });
  await eventually('what a boot starts has found no data, and has ended', async () => {
    const log = path.join(directory, 'data/hosts/db1/var/log/cockroach.log');
    return existsSync(log) && (await exec('db1', `pgrep -f 'start-single-node.*--store=${store} '`)).exitCode !== 0;
  });
  expect(await files()).toEqual([]);
  expect(readFileSync(path.join(directory, 'known_hosts'), 'utf8')).toBe(known);
});

test('a reset makes everything as it was at first', async () => {
  await control('POST', '/hosts/backup/power', { state: 'on' });
  await control('POST', '/reset');
  const seen = await status();
  expect(seen).toMatchObject({ serving: 'production', hosts: { backup: { power: 'off' } }, visitor: { outages: [] } });
  expect(seen.database.rows).toMatchObject({ users: 320, comments: 12_800 });
  expect(existsSync(path.join(directory, 'data/volumes/backup/bookface'))).toBe(false);
});

test('going down leaves no process behind', async () => {
  await lab.labDown(directory);
  expect(processes()).toEqual([]);
  expect(await lab.labStatus(directory)).toBeNull();
});
