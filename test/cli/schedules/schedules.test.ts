import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, type ScheduleClient, type ScheduleDescription, ScheduleOverlapPolicy } from '@temporalio/client';
import { type Applied, applySchedules } from '../../../cli/schedules/apply';
import { type Change } from '../../../cli/schedules/compare';
import { upcoming } from '../../../cli/schedules/upcoming';
import { momentsByServer, onServer, schedulesOnServer } from '../../../cli/schedules/server';
import { sweepTest } from '../../support/sweep';
import { startTemporal, type TemporalServer, until } from '../../support/temporal-server';
import { runbookCommand } from '../fixture/command';
import { goodSite, siteDirectory } from '../fixture/site';

let temporal: TemporalServer;
let env: NodeJS.ProcessEnv;
const files = mkdtempSync(join(tmpdir(), 'runbooks-'));

beforeAll(async () => {
  temporal = await startTemporal();
  env = {
    TEMPORAL_ADDRESS: temporal.address,
    RUNBOOK_SITES: siteDirectory({ lab: goodSite, north: `${goodSite}queue: north\n` }),
    RUNBOOK_FILES: files,
  };
}, 60_000);

afterAll(async () => {
  await temporal?.close();
});

/** Writes what is declared for the daily backup. */
function declare(...schedules: readonly object[]): void {
  writeFileSync(join(files, 'daily-backup.yaml'), JSON.stringify({ schedules }));
}

const nightly = { sites: ['lab'], cron: '30 2 * * *', timeZone: 'Europe/Berlin', note: 'Nightly' };
const startsNothing = { type: 'startWorkflow', workflowType: 'nothing', taskQueue: 'nobody', args: [] } as const;
const handle = () => temporal.client.schedule.getHandle('daily-backup/lab');

async function changes(): Promise<readonly Change[]> {
  const { documents, exitCode, stderr } = await runbookCommand(env, 'schedules', 'diff', '--json');
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return (documents[0] as { changes: Change[] }).changes;
}

async function apply(...words: string[]): Promise<readonly string[]> {
  const { documents } = await runbookCommand(env, 'schedules', 'apply', '--json', ...words);
  return (documents[0] as { applied: Applied[] }).applied.map(({ schedule, done }) => `${schedule} ${done}`);
}

/** Changes the schedule on the server, as somebody in the Web UI does. */
async function byHand(change: (found: ScheduleDescription) => object): Promise<void> {
  await handle().update((found) => ({ ...found, ...change(found) }));
}

test('what was never applied is all new, and applied twice it changes nothing the second time', async () => {
  declare(nightly, {
    name: 'often',
    interval: { everySeconds: 5400, offsetSeconds: 600 },
    skip: ['2026-12-24', '2027-01-01'],
    jitterSeconds: 60,
    overlap: 'bufferOne',
    pauseOnFailure: true,
    catchUpSeconds: 600,
    input: { keep: 7 },
    note: 'Often',
  });
  const ids = ['daily-backup/lab', 'daily-backup/lab/often', 'daily-backup/north/often'];
  expect((await changes()).map(({ schedule, field, actual }) => [schedule, field, actual])).toEqual(
    ids.map((id) => [id, 'schedule', null]),
  );
  expect(await apply()).toEqual(ids.map((id) => `${id} created`));
  expect(await changes()).toEqual([]);
  expect(await apply()).toEqual([]);
  expect((await runbookCommand(env, 'schedules', 'apply')).stdout).toBe(`as declared: ${ids.join(', ')}\n`);
  const { action, policies } = await temporal.client.schedule.getHandle('daily-backup/north/often').describe();
  expect(action).toMatchObject({ taskQueue: 'north', args: [{ keep: 7, site: 'north' }], workflowType: 'dailyBackup' });
  expect(policies).toEqual({ overlap: 'BUFFER_ONE', catchupWindow: 600_000, pauseOnFailure: true });
});

test('what somebody changed by hand on the server is shown, field by field, and put right', async () => {
  await byHand(({ spec, action }) => ({
    spec: { ...spec, calendars: [{ hour: 3, minute: 15, dayOfWeek: ['MONDAY', 'TUESDAY'] }], timezone: 'UTC' },
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: '1 year' },
    action: { ...action, args: [{ site: 'lab', keep: 1 }], workflowRunTimeout: '1 hour' },
    state: { note: 'Mine' },
  }));
  expect(await changes()).toEqual(
    [
      { field: 'cron', declared: '30 2 * * *', actual: '15 3 * * 1-2' },
      { field: 'timeZone', declared: 'Europe/Berlin', actual: 'UTC' },
      { field: 'overlap', declared: 'skip', actual: 'allowAll' },
      { field: 'catchUpSeconds', declared: 3600, actual: 31_557_600 },
      { field: 'input', declared: { site: 'lab' }, actual: { site: 'lab', keep: 1 } },
      { field: 'note', declared: 'Nightly', actual: 'Mine' },
      { field: 'workflowRunTimeoutMs', declared: null, actual: 3_600_000 },
    ].map((change) => ({ schedule: 'daily-backup/lab', ...change })),
  );
  const { stdout } = await runbookCommand(env, 'schedules', 'diff');
  expect(stdout).toContain('daily-backup/lab: cron: declared 30 2 * * *, actual 15 3 * * 1-2\n');
  expect(await apply()).toEqual(['daily-backup/lab updated']);
  expect(await changes()).toEqual([]);
});

test("an operator's pause survives, with its reason; resuming says again what the schedule is for", async () => {
  const why = 'until the move is over';
  const paused = await runbookCommand(env, 'schedules', 'pause', 'daily-backup/lab', '--why', why);
  expect(paused).toMatchObject({ exitCode: 0, stdout: 'daily-backup/lab is paused\n' });
  expect(await changes()).toEqual([]);
  const other = { ...nightly, cron: '0 4 * * *', note: 'Every night' };
  declare(other);
  expect(await apply()).toEqual([
    'daily-backup/lab updated',
    'daily-backup/lab/often deleted',
    'daily-backup/north/often deleted',
  ]);
  expect((await handle().describe()).state).toMatchObject({ paused: true, note: why });
  expect((await runbookCommand(env, 'schedules', 'next')).stdout).toContain(`  paused, nothing runs: ${why}\n`);
  await runbookCommand(env, 'schedules', 'resume', 'daily-backup/lab');
  expect((await handle().describe()).state).toMatchObject({ paused: false, note: 'Every night' });
  expect(await changes()).toEqual([]);
});

test('a pause between the look and the update is not undone', async () => {
  const [found] = await schedulesOnServer(temporal.client, ['daily-backup/lab']);
  const { workflowService } = temporal.client.schedule;
  let meddled = false;
  const meddling = {
    updateSchedule: async (request: object) => {
      if (!meddled) await handle().pause('meanwhile');
      meddled = true;
      return await workflowService.updateSchedule(request);
    },
  };
  const schedule = Object.create(temporal.client.schedule, {
    workflowService: { value: Object.assign(Object.create(workflowService) as object, meddling) },
  }) as ScheduleClient;
  const client = Object.create(temporal.client, { schedule: { value: schedule } }) as Client;
  const applied = await applySchedules(
    client,
    [{ ...found!, runbook: 'daily-backup', site: 'lab', queue: 'q' }],
    [found!],
  );
  expect(applied).toMatchObject([{ done: 'updated', changes: [{ field: 'queue' }] }]);
  expect(await handle().describe()).toMatchObject({
    state: { paused: true, note: 'meanwhile' },
    action: { taskQueue: 'q' },
  });
  await runbookCommand(env, 'schedules', 'resume', 'daily-backup/lab');
});

test('what is not ours is never touched', async () => {
  const foreign = { spec: { intervals: [{ every: '1 day' }] }, action: { ...startsNothing, workflowId: 'w' } };
  await temporal.client.schedule.create({ scheduleId: 'daily-backup/north', ...foreign });
  await temporal.client.schedule.create({ scheduleId: 'somebody/elses', ...foreign });
  declare({ ...nightly, sites: ['lab', 'north'] });
  expect(await changes()).toEqual(
    expect.arrayContaining([
      { schedule: 'daily-backup/north', field: 'managedBy', declared: 'runbook schedules', actual: null },
    ]),
  );
  const { exitCode, stdout } = await runbookCommand(env, 'schedules', 'apply');
  expect(exitCode).toBe(1);
  expect(stdout).toContain('daily-backup/north: refused\n  daily-backup/north: exists, and is not ours');
  const pause = await runbookCommand(env, 'schedules', 'pause', 'daily-backup/north', '--why', 'no');
  expect(pause).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is not ours') as string });
  for (const id of ['daily-backup/north', 'somebody/elses']) {
    const found = await temporal.client.schedule.getHandle(id).describe();
    expect(found).toMatchObject({ action: { workflowType: 'nothing' }, state: { paused: false } });
  }
  await temporal.client.schedule.getHandle('daily-backup/north').delete();
});

test('a schedule of a site that has no file here is left to whoever has it, unless told otherwise', async () => {
  declare({ ...nightly, sites: ['lab', 'north'] });
  await apply();
  const here = { ...env, RUNBOOK_SITES: siteDirectory({ lab: goodSite }) };
  declare(nightly);
  await until('the server lists it', async () => (await runbookCommand(here, 'schedules', 'diff')).stderr);
  const kept = await runbookCommand(here, 'schedules', 'apply', '--json');
  expect(kept.documents).toEqual([{ applied: [] }]);
  expect(kept.stderr).toContain('daily-backup/north is left alone: there is no file of site north here');
  const pruned = await runbookCommand(here, 'schedules', 'apply', '--prune', '--json');
  expect(pruned.documents).toMatchObject([{ applied: [{ schedule: 'daily-backup/north', done: 'deleted' }] }]);
});

test('the server takes what is foretold, but for the one or the other of a time that exists twice', async () => {
  for (const [cron, from, to] of [
    ['30 2 * * *', '2027-03-26T12:00:00Z', '2027-03-30T12:00:00Z'],
    ['*/20 1-3 * * *', '2027-03-27T12:00:00Z', '2027-03-28T12:00:00Z'],
    ['30 2 * * *', '2027-10-29T12:00:00Z', '2027-11-02T12:00:00Z'],
    ['0 2 1-7 * *', '2027-01-01T00:00:00Z', '2027-12-31T00:00:00Z'],
  ] as const) {
    declare({ ...nightly, cron, skip: ['2027-03-29'] });
    await apply();
    const [start, end] = [Date.parse(from), Date.parse(to)];
    const taken = await momentsByServer(temporal.client, 'daily-backup/lab', start, end);
    const { timing } = onServer(await handle().describe());
    const foretold = [...upcoming(timing, start - 1, end)].filter(({ remark }) => remark !== 'does not exist');
    expect(foretold.map(({ at }) => at)).toEqual(expect.arrayContaining(taken));
    const left = foretold.filter(({ at }) => !taken.includes(at));
    expect(left.filter(({ remark }) => remark !== 'exists twice')).toEqual([]);
    expect(taken.length).toBeGreaterThan(1);
  }
});

test('the coming runs are told in local time', async () => {
  declare({ ...nightly, cron: '0 4 * * *' });
  await apply();
  declare({ ...nightly, cron: '0 4 * * *' }, { ...nightly, name: 'new', sites: ['north'] });
  await handle().update((found) => ({ ...found, policies: { catchupWindow: '1 year' } }));
  const { stdout } = await runbookCommand(env, 'schedules', 'next', '--count', '2');
  expect(stdout.replaceAll(/\d{4}-\d\d-\d\d/g, 'DATE').replaceAll(/T0[1-4]/g, 'THH')).toBe(
    [
      'daily-backup/lab: 0 4 * * * in Europe/Berlin',
      '  differs from its file: runbook schedules diff',
      '  DATE 04:00  (DATETHH:00:00Z)',
      '  DATE 04:00  (DATETHH:00:00Z)',
      'daily-backup/north/new: 30 2 * * * in Europe/Berlin',
      '  not on the server, nothing runs: runbook schedules apply',
      '  DATE 02:30  (DATETHH:30:00Z)',
      '  DATE 02:30  (DATETHH:30:00Z)',
      '',
    ].join('\n'),
  );
});

test('describe shows what is declared', async () => {
  declare({ ...nightly, skip: ['2026-12-24'] });
  const { stdout } = await runbookCommand(env, 'describe', 'daily-backup');
  expect(stdout).toMatch(/declared schedule +daily-backup\/lab: 30 2 \* \* \* in Europe\/Berlin, not on 2026-12-24\n/);
});

test('a schedule fires; while a run goes on the next is skipped, and it is said', async () => {
  declare({ ...nightly, cron: undefined, interval: { everySeconds: 1 }, input: { note: 'by schedule' } });
  await apply();
  // Nobody carries it out: it goes on for as long as it is wanted.
  const run = await until('a run', async () => {
    for await (const found of temporal.client.workflow.list({ query: "RunbookSite = 'lab'" })) return found;
    return null;
  });
  expect(run.workflowId).toMatch(/^daily-backup\/lab-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(run).toMatchObject({
    type: 'dailyBackup',
    status: { name: 'RUNNING' },
    searchAttributes: { RunbookName: ['daily-backup'], RunbookSite: ['lab'], RunbookDryRun: [false] },
    memo: { schedule: 'daily-backup/lab', note: 'Nightly' },
  });
  const skipped = await until('a skipped run', async () => {
    const { stdout } = await runbookCommand(env, 'schedules', 'next', 'daily-backup/lab');
    return /(\d+) skipped so far: the run before was still running/.exec(stdout);
  });
  expect(Number(skipped[1])).toBeGreaterThan(0);
  const triggered = await runbookCommand(env, 'schedules', 'trigger', 'daily-backup/lab');
  expect(triggered).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('skipped, the run before') as string,
  });
  await runbookCommand(env, 'schedules', 'pause', 'daily-backup/lab', '--why', 'enough');
  await temporal.client.workflow.getHandle(run.workflowId).terminate();
  const again = await runbookCommand(env, 'schedules', 'trigger', 'daily-backup/lab', '--json');
  expect(again).toMatchObject({
    exitCode: 0,
    documents: [{ run: expect.stringMatching(/^daily-backup\/lab-/) as string }],
  });
});

test('backfill runs what was due, and refuses where nothing was', async () => {
  const nothing = ['--from', '2026-01-01T00:00:00.2Z', '--to', '2026-01-01T00:00:00.8Z'];
  const refused = await runbookCommand(env, 'schedules', 'backfill', 'daily-backup/lab', ...nothing);
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('nothing was due') as string });
  const two = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-01-01T00:00:01Z'];
  const { documents } = await runbookCommand(env, 'schedules', 'backfill', 'daily-backup/lab', ...two, '--json');
  expect(documents).toEqual([
    { schedule: 'daily-backup/lab', times: ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z'] },
  ]);
  // The one that was triggered goes on: the first of them waits for it.
  await until('they wait', async () => Number((await handle().describe()).raw.info?.bufferSize) === 2);
});

sweepTest(
  'with the server down over a firing time a run begins within the catch-up window, and not after it',
  async () => {
    await runbookCommand(env, 'schedules', 'resume', 'daily-backup/lab');
    const everySeconds = 40;
    declare({ ...nightly, cron: undefined, interval: { everySeconds }, catchUpSeconds: 10, overlap: 'allowAll' });
    await apply();
    const due = () => (Math.floor(Date.now() / 1000 / everySeconds) + 1) * everySeconds * 1000;
    const runsAt = async (at: number) => {
      const { recentActions, numActionsMissedCatchupWindow } = (await handle().describe()).info;
      const action = recentActions.find(({ scheduledAt }) => scheduledAt.getTime() === at);
      return { late: action ? action.takenAt.getTime() - at : null, missed: numActionsMissedCatchupWindow };
    };
    const downOver = async (at: number, lateMs: number) => {
      await until('just before it is due', async () => Date.now() > at - 2000, everySeconds + 5);
      await temporal.kill();
      await until('the time to come back', async () => Date.now() > at + lateMs, 60);
      await temporal.start();
    };
    const { missed } = await runsAt(0);
    // A few seconds to spare, for a server that comes back.
    await until('time enough', async () => due() - Date.now() > 5000, everySeconds);
    const first = due();
    await downOver(first, 3000);
    const { late } = await until('the run', async () => {
      const seen = await runsAt(first);
      return seen.late === null ? null : { late: seen.late };
    });
    expect(late).toBeGreaterThan(2900);
    expect(late).toBeLessThan(10_000);

    const second = due();
    await downOver(second, 12_000);
    await until('it is missed', async () => (await runsAt(second)).missed === missed + 1);
    expect((await runsAt(second)).late).toBeNull();
    const { stdout } = await runbookCommand(env, 'schedules', 'next', 'daily-backup/lab');
    expect(stdout).toContain(`  ${missed + 1} missed so far: later than the catch-up window\n`);
  },
  240_000,
);
