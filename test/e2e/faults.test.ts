import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from '@temporalio/client';
import { LabSite } from '../support/lab-site';
import { sweepTest } from '../support/sweep';
import { until } from '../support/temporal-server';

const lab = new LabSite();
let client: Client;
let verified: string[] = [];

/** What a fault leaves of older archives is compared, so nothing is rotated here. */
const keepAll = ['--set', 'keep=50'];

interface Backup {
  readonly name: string;
  readonly verified: boolean;
}

beforeAll(async () => {
  await lab.up();
  await lab.worker();
  client = await lab.client();
  expect((await lab.backup(...keepAll)).status).toBe('completed');
  verified = (await lab.json<Backup[]>('backups', 'lab')).filter((each) => each.verified).map(({ name }) => name);
  expect(verified).toHaveLength(1);
}, 240_000);
afterAll(() => lab.down(), 60_000);
afterEach(() => lab.succeed('lab', 'fault', 'clear'), 30_000);

async function expectSafe(): Promise<void> {
  const status = await lab.status();
  expect(status).toMatchObject({ serving: 'production', database: { running: true }, visitor: { writesLost: 0 } });
  const backups = await lab.json<Backup[]>('backups', 'lab');
  expect(backups.filter((backup) => backup.verified).map(({ name }) => name)).toEqual(expect.arrayContaining(verified));
}

async function expectTold(run: string, kind: string, words: RegExp): Promise<void> {
  const { notifications } = await lab.status();
  const told = notifications.filter((message) => message.run === run && message.kind === kind);
  expect(told.map(({ text }) => text).join('\n')).toMatch(words);
}

const failsSafely = '%s: the run fails with its type and what to do, and production is up';

async function expectFailsSafely(_what: string, fault: readonly string[], type: string, words: RegExp): Promise<void> {
  await lab.succeed('lab', 'fault', ...fault);
  const report = await lab.backup(...keepAll);
  expect(report).toMatchObject({ status: 'failed', failure: { type } });
  expect(report.failure?.message).toMatch(words);
  await lab.succeed('lab', 'fault', 'clear');
  await expectTold(report.workflowId, 'failed', words);
  await expectSafe();
}

test.each([
  ['the backup volume is full', ['disk-full', 'backup'], 'PreconditionFailed', /space|free/i],
  ['the backup server goes to ERROR', ['server-error', 'backup'], 'ResourceFailed', /server backup is ERROR/],
  [
    'the backup server shows another host key',
    ['host-key', 'backup'],
    'HostKeyMismatch',
    /presents the \S+ key \S+, wanted the one of/,
  ],
  ['the cloud refuses the password', ['wrong-password'], 'AuthDenied', /password|credentials/i],
] as const)(failsSafely, expectFailsSafely, 150_000);

// These take their time: a boot limit that passes, and a whole backup.
sweepTest.each([
  ['the backup server never answers SSH', ['no-ssh', 'backup'], 'ResourceFailed', /does not answer SSH/],
  ['the archive is corrupted before it is read back', ['corrupt', 'next'], 'ResourceFailed', /is damaged: its SHA-256/],
] as const)(failsSafely, expectFailsSafely, 150_000);

sweepTest(
  'a database that stops only by force is stopped by force, and the report says so',
  async () => {
    await lab.succeed('lab', 'fault', 'db-wont-stop');
    const report = await lab.backup(...keepAll);
    expect(report).toMatchObject({ status: 'completed', result: { databaseStoppedByForce: true } });
    await lab.succeed('lab', 'fault', 'clear');
    verified = (await lab.json<Backup[]>('backups', 'lab')).filter((each) => each.verified).map(({ name }) => name);
    await expectSafe();
  },
  150_000,
);

test('a database that does not stop by any means ends the run, and serves again', async () => {
  await lab.succeed('lab', 'fault', 'db-wont-stop', '--even-by-force');
  const report = await lab.backup(...keepAll);
  expect(report).toMatchObject({ status: 'failed', failure: { type: 'ResourceFailed' } });
  expect(report.failure?.message).toMatch(/stop/);
  await lab.succeed('lab', 'fault', 'clear');
  await expectSafe();
}, 150_000);

test('the host of the copy reboots: the outcome is unknown, and everything is closed', async () => {
  await lab.succeed('lab', 'fault', 'slow', 'backup', '--mbps', '40');
  const run = await lab.startBackup(...keepAll);
  await lab.reaches(client, run, 'copyAhead');
  await lab.succeed('lab', 'power', 'backup', 'reboot');
  await lab.succeed('lab', 'fault', 'clear');
  const report = await lab.ended(run);
  expect(report).toMatchObject({ status: 'failed', failure: { type: 'UnknownOutcome' } });
  expect(report.failure?.message).toMatch(/rebooted/);
  await expectSafe();
}, 150_000);

test('a database that does not start keeps production down, told again and again, until it is started by hand', async () => {
  const run = await lab.startBackup(...keepAll);
  await lab.reaches(client, run, 'copyAhead');
  await lab.succeed('lab', 'fault', 'db-wont-start');
  await until(
    'an alarm',
    async () => (await lab.status()).notifications.some((told) => told.run === run && told.kind === 'alarm'),
    60,
  );
  expect((await lab.status()).serving).toBe('fallback');
  await lab.succeed('lab', 'fault', 'clear');
  const [start] = /start-single-node[^\n]*/.exec((await lab.run('plan', 'daily-backup')).stdout) ?? [];
  await lab.run('lab', 'exec', 'db1', '--', `cockroach ${start ?? ''}`);
  const report = await lab.ended(run);
  expect(report.status).toBe('completed');
  await expectTold(run, 'recovered', /database/);
  await expectSafe();
}, 180_000);

sweepTest(
  'a password changed while production is down, and set right later, brings production back',
  async () => {
    const run = await lab.startBackup(...keepAll);
    await lab.reaches(client, run, 'copyStore');
    await lab.succeed('lab', 'fault', 'wrong-password');
    await until(
      'an alarm',
      async () => (await lab.status()).notifications.some((told) => told.run === run && told.kind === 'alarm'),
      60,
    );
    await lab.succeed('lab', 'fault', 'clear');
    expect((await lab.ended(run)).status).toBe('completed');
    await expectSafe();
  },
  180_000,
);

sweepTest(
  'a cloud that answers 503 for 30 s, and tokens that expire, are ridden out',
  async () => {
    const run = await lab.startBackup(...keepAll);
    await lab.reaches(client, run, 'copyAhead');
    await lab.succeed('lab', 'fault', 'expire-tokens');
    await lab.succeed('lab', 'fault', 'api', 'network', '--status', '503', '--for', '30s');
    await sleep(1000);
    const report = await lab.ended(run, 120);
    expect(report).toMatchObject({ status: 'completed', failure: null });
    await expectSafe();
  },
  180_000,
);
