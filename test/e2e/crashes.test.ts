import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from '@temporalio/client';
import { LabSite, type LabStatus, type Report, type WorkerProcess } from '../support/lab-site';
import { sweepTest } from '../support/sweep';
import { until } from '../support/temporal-server';

const lab = new LabSite();
let client: Client;
let worker: WorkerProcess;

beforeAll(async () => {
  await lab.up();
  worker = await lab.worker();
  client = await lab.client();
}, 180_000);
afterAll(() => lab.down(), 60_000);
afterEach(() => lab.succeed('lab', 'fault', 'clear'), 30_000);

/** What a run does between taking production down and the copy. */
const whileDown = ['takeProductionDown', 'stopDatabase'];

/** What must hold after every run, whatever became of it. */
async function expectAsFound(): Promise<LabStatus> {
  const status = await lab.status();
  expect(status).toMatchObject({
    serving: 'production',
    database: { running: true },
    servers: { backup: { status: 'SHUTOFF', taskState: null } },
    floatingIp: { at: 'balancer' },
    visitor: { writesLost: 0 },
  });
  return status;
}

function expectDoneOnce(report: Report): void {
  expect(report.jobs.map(({ starts }) => starts)).toEqual(report.jobs.map(() => 1));
  expect(new Set(report.jobs.map(({ key }) => key)).size).toBe(report.jobs.length);
}

sweepTest(
  'the Temporal server is away for 30 s while production is down: the run completes',
  async () => {
    const run = await lab.startBackup();
    await lab.reaches(client, run, whileDown);
    await lab.succeed('lab', 'fault', 'slow', 'backup', '--mbps', '5');
    const { temporal, serving } = await lab.status();
    expect(serving).toBe('fallback');
    process.kill(temporal.pid, 'SIGKILL');
    await sleep(30_000);
    await lab.succeed('lab', 'temporal', 'start');
    await until('the server answers', async () =>
      client.workflow
        .getHandle(run)
        .describe()
        .catch(() => null),
    );
    await lab.succeed('lab', 'fault', 'clear');
    const report = await lab.ended(run, 120);
    expect(report).toMatchObject({ status: 'completed', failure: null });
    expectDoneOnce(report);
    await expectAsFound();
  },
  240_000,
);

test('a run terminated while production is down is undone by its guard within 10 s, and the next one waits for it', async () => {
  const run = await lab.startBackup();
  await lab.reaches(client, run, whileDown);
  // Slow enough to be met in the middle on a busy machine, too.
  await lab.succeed('lab', 'fault', 'slow', 'backup', '--mbps', '0.5');
  await lab.reaches(client, run, 'copyStore');
  const next = await lab.startBackup();
  const [lock] = await until('the second waits', async () => {
    const locks = await lab.json<{ holder: string; queue: { workflowId: string }[] }[]>('locks');
    return locks[0]?.queue.length === 1 && locks;
  });
  expect(lock).toMatchObject({ resource: 'site', holder: run, queue: [{ workflowId: next }] });

  const terminatedAt = Date.now();
  await client.workflow.getHandle(run).terminate('test');
  await until('production is back', async () => {
    // A request that the address moves under is cut off.
    const answer = await fetch((await lab.status()).publicUrl).catch(() => undefined);
    return answer?.status === 200;
  });
  expect(Date.now() - terminatedAt).toBeLessThan(10_000);
  await lab.succeed('lab', 'fault', 'clear');
  const guard = (await client.workflow.getHandle(`guard/${run}`).result()) as { restored: string[] };
  expect(guard.restored).toEqual([
    expect.stringMatching(/^stopped: Copy what changed/),
    'The database on db1 is stopped',
    'Production is down',
    expect.stringMatching(/may read the store/),
    expect.stringMatching(/is in use$/),
    expect.stringMatching(/is mounted/),
    'Server backup is running',
  ]);
  expect(await lab.ended(run)).toMatchObject({ status: 'terminated', guard: { restored: guard.restored } });
  const second = await lab.ended(next);
  expect(second.status).toBe('completed');
  const { notifications } = await expectAsFound();
  const told = notifications.filter((message) => message.run === run).map(({ kind }) => kind);
  expect(told).toEqual(expect.arrayContaining(['alarm', 'recovered']));
}, 180_000);

test('a run that is reset while production is down is brought back, and refuses to go on', async () => {
  const run = await lab.startBackup();
  await lab.reaches(client, run, 'copyStore');
  const handle = client.workflow.getHandle(run);
  const { runId } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const reset = await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: run, runId },
    workflowTaskFinishEventId: events?.findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId,
    requestId: run,
    reason: 'test',
  });
  await client.workflow.getHandle(`guard/${run}`).result();
  const report = await lab.ended(run);
  expect(report.runId).toBe(reset.runId);
  expect(report).toMatchObject({ status: 'failed', failure: { type: 'PreconditionFailed' } });
  expect(report.failure?.message).toMatch(/of which this one is a reset/);
  await expectAsFound();
}, 180_000);

test('a run that no worker takes is said to wait, and begins with the next worker', async () => {
  // The server lists a worker that was killed for minutes: only a task that is not taken tells.
  await worker.kill('SIGKILL');
  const { exitCode, stderr } = await lab.run('run', 'production', '--set', 'action=status');
  expect(exitCode).toBe(3);
  const [, run = ''] = /(production\/lab\/\S+) is started, but no worker/.exec(stderr) ?? [];
  worker = await lab.worker();
  expect(await lab.ended(run)).toMatchObject({ status: 'completed', result: { serving: 'production' } });
}, 60_000);
