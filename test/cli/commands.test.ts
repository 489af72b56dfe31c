import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { type BackupRecord, type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { type RunReport } from '../../cli/report/report';
import { guardIdOf } from '../../workflows/contract/messages';
import { runWorker } from '../../workers/worker';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';
import { fixtureActivities } from './fixture/activities';
import { runbookCommand } from './fixture/command';
import { goodSite, siteDirectory } from './fixture/site';

let temporal: TemporalServer;
let env: NodeJS.ProcessEnv;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  temporal = await startTemporal();
  env = { TEMPORAL_ADDRESS: temporal.address, RUNBOOK_SITES: siteDirectory({ lab: goodSite }), USER: 'ann' };
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('./fixture/workflows'),
    logger: new DefaultLogger('ERROR'),
  });
  const bundleFile = join(await mkdtemp(join(tmpdir(), 'bundle-')), 'bundle.js');
  writeFileSync(bundleFile, code);
  const stop = new AbortController();
  const said: string[] = [];
  const running = runWorker({
    temporal: { connection: { address: temporal.address }, namespace: 'default' },
    bundleFile,
    createActivities: async (client) => ({ activities: fixtureActivities(client), close: async () => {} }),
    until: stop.signal,
    say: (line) => said.push(line),
  });
  stopWorker = async () => {
    stop.abort();
    await running;
  };
  await until('the worker is ready', async () => said.includes('ready'));
}, 60_000);

afterAll(async () => {
  await stopWorker?.();
  await temporal?.close();
});

/** Starts a copy that goes on until it is ended, and returns once it is under way. */
async function startHangingRun(): Promise<string> {
  const { documents } = await runbookCommand(env, 'run', 'daily-backup', '--set', 'note=hangs', '--detach', '--json');
  const { workflowId } = documents[0] as RunReport;
  await until('the copy is under way', async () => {
    const { pendingActivities } = (await temporal.client.workflow.getHandle(workflowId).describe()).raw;
    return pendingActivities?.some(({ heartbeatDetails }) => heartbeatDetails);
  });
  return workflowId;
}

const titlesAndStates = (report: RunReport) => report.steps.map(({ title, state }) => `${title}: ${state}`);

test('run follows a run to its end and reports it as one document', async () => {
  const ended = await runbookCommand(env, 'run', 'daily-backup', '--set', 'note=stumbles', '--json');
  expect(ended.exitCode).toBe(0);
  expect(ended.documents).toHaveLength(1);
  const report = ended.documents[0] as RunReport;
  expect(report.workflowId).toMatch(/^daily-backup\/lab\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(report).toMatchObject({
    runbook: 'daily-backup',
    site: 'lab',
    dryRun: false,
    status: 'completed',
    result: { archive: 'a.tar', copiedBytes: 1234567 },
    failure: null,
    jobs: [{ key: 'k1', host: 'backup', starts: 1 }],
    guard: { status: 'completed', restored: [] },
    downtimeMs: 4500,
    planDigest: 'd1',
  });
  expect(Object.keys(report)).toEqual([
    ...['workflowId', 'runId', 'runbook', 'site', 'dryRun', 'status', 'startedAt', 'endedAt', 'result', 'failure'],
    ...['steps', 'jobs', 'guard', 'downtimeMs', 'planDigest', 'asked'],
  ]);
  expect(report.steps.map(({ action, state, attempts }) => [action, state, attempts])).toEqual([
    ['readProduction', 'done', 1],
    ['takeProductionDown', 'done', 1],
    ['copyStore', 'done', 2],
    ['bringProductionUp', 'done', 1],
  ]);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).toContain('Copy what changed: done');
});

test('a run that fails ends with 1 and says what failed, where and why', async () => {
  const { exitCode, stdout } = await runbookCommand(env, 'run', 'daily-backup', '--set', 'note=fails');
  expect(exitCode).toBe(1);
  expect(stdout).toContain('daily-backup of lab: failed after');
  expect(stdout).toContain('PreconditionFailed at "Copy what changed": no space left on backup');
  expect(stdout).toMatch(/production down\s+4\.5 s/);
});

test('plan prints the plan and nothing else', async () => {
  const { exitCode, documents } = await runbookCommand(env, 'plan', 'daily-backup', '--json');
  expect(exitCode).toBe(0);
  expect(documents).toEqual([{ steps: [expect.objectContaining({ action: 'stopDatabase' })], digest: 'd1' }]);
  const { stdout } = await runbookCommand(env, 'plan', 'daily-backup');
  expect(stdout).toContain('$ kill -TERM 1');
  expect(stdout).toContain('1 step, of which 1 would change something. Nothing has been changed.');
});

test('a terminated run is reported with what was cut off, what its guard does, and exit code 1', async () => {
  const workflowId = await startHangingRun();
  await temporal.client.workflow.getHandle(workflowId).terminate('by a test');
  const during = (await runbookCommand(env, 'report', workflowId, '--json')).documents[0] as RunReport;
  expect(during).toMatchObject({
    status: 'terminated',
    failure: { type: 'Terminated', message: 'by a test', step: 'Copy what changed' },
    guard: { status: 'running', restored: [] },
  });
  expect(titlesAndStates(during)).toEqual([
    'Look at production: done',
    'Take production down: done',
    'Copy what changed: failed',
  ]);
  expect(during.downtimeMs).toBeGreaterThan(60_000);

  const restored = ['The database is stopped', 'Production is down'];
  await temporal.client.workflow.getHandle(guardIdOf(workflowId)).signal('finish', { restored, why: 'terminated' });
  const watched = await runbookCommand(env, 'watch', workflowId, '--json');
  expect(watched.exitCode).toBe(1);
  expect(watched.documents).toMatchObject([{ guard: { status: 'completed', restored } }]);
});

test('abort says who and why, and the run ends as cancelled', async () => {
  const workflowId = await startHangingRun();
  const watching = runbookCommand(env, 'watch', workflowId, '--json');
  const aborted = await runbookCommand(env, 'abort', workflowId, '--why', 'wrong night', '--json');
  expect(aborted.documents).toMatchObject([{ workflowId, why: 'wrong night' }]);
  const { exitCode, documents } = await watching;
  expect(exitCode).toBe(1);
  const report = documents[0] as RunReport;
  expect(report).toMatchObject({ status: 'cancelled', failure: { type: 'Cancelled' } });
  expect(report.failure?.message).toMatch(/^aborted by ann@.*: wrong night$/);

  const again = await runbookCommand(env, 'abort', workflowId, '--why', 'again');
  expect(again).toMatchObject({ exitCode: 1 });
  expect(again.stderr).toContain('has ended already: cancelled');
});

test('runs lists the newest first', async () => {
  const first = (await runbookCommand(env, 'run', 'daily-backup', '--json')).documents[0] as RunReport;
  const second = (await runbookCommand(env, 'run', 'daily-backup', '--json')).documents[0] as RunReport;
  await until('both are in the index', async () => {
    const { documents } = await runbookCommand(env, 'runs', '--limit', '2', '--json');
    const ids = (documents[0] as RunReport[]).map(({ workflowId, status }) => `${workflowId} ${status}`);
    return ids.join() === `${second.workflowId} completed,${first.workflowId} completed`;
  });
});

test('backups shows what the catalogue knows, newest first; a site without one has none', async () => {
  expect((await runbookCommand(env, 'backups', '--json')).documents).toEqual([[]]);
  expect((await runbookCommand(env, 'backups')).stdout).toMatch(
    /^no backups of lab yet\n\nno verified backup; the limit/,
  );

  const where = { host: 'backup', directory: '/backup/bookface' };
  const record: BackupRecord = {
    ...{ kind: 'archive', name: 'old', site: 'lab', createdAt: '2026-11-19T02:00:00Z', bytes: 5e6, sha256: 'aa' },
    ...{ engine: 'cockroach', strategy: 'cold', verified: true, verifiedAt: '2026-11-19T02:01:00Z' },
    ...{ rows: null, marker: null, run: 'daily-backup/lab/1' },
  };
  const drill = { backup: 'new', at: '2026-11-20T10:00:00Z', ok: false, rtoMs: null, rpoMs: 28_800_000, run: 'd' };
  const entries = [
    record,
    {
      ...{ ...record, name: 'new', createdAt: '2026-11-20T02:00:00Z', verified: false, verifiedAt: null, where },
      drills: [{ ...drill, problem: 'it holds 1 user too few' }],
      decision: { keep: true, why: 'not verified: look at it' },
    },
    { ...record, name: 'gone', createdAt: '2026-11-18T02:00:00Z', where, missingSince: '2026-11-20T03:00:00Z' },
    {
      ...{ ...record, kind: 'aside', name: 'x', createdAt: '2026-11-20T12:00:00Z', keptUntil: '2026-12-04T12:00:00Z' },
      where: { host: 'db1', directory: '/bfdata.aside' },
    },
  ];
  const { workflowId } = await temporal.client.workflow.start('catalogue', {
    ...{ workflowId: 'catalogue/lab', taskQueue: 'runbooks', args: [entries] },
  });
  const [seen] = (await runbookCommand(env, 'backups', 'lab', '--json')).documents as CatalogueEntry[][];
  expect(seen?.map(({ name }) => name)).toEqual(['x', 'new', 'old', 'gone']);
  // A catalogue of before knows less.
  expect(seen?.[2]).toMatchObject({ where: null, drills: [], decision: null, missingSince: null });

  const { stdout } = await runbookCommand(env, 'backups');
  expect(stdout).toMatch(/^made +size +verified +last drill +archive +where +retention\n/);
  expect(stdout).toMatch(
    /NOT VERIFIED +2026-11-20 .* FAILED, RPO 8 h 00 min +new +backup:\/backup\/bookface +stays: not ver/,
  );
  expect(stdout).toMatch(/5\.0 MB +2026-11-19 .* +- +old +- +-\n/);
  expect(stdout).toMatch(/5\.0 MB +MISSING +- +gone/);
  expect(stdout).toMatch(
    /moved aside by a restore\nsince .*\n2026-11-20 .* 5\.0 MB +2026-12-04 .* x +db1:\/bfdata\.aside\n/,
  );
  expect(stdout).toContain('new: not verified: it holds 1 user too few\n');
  expect(stdout).toMatch(/gone: missing since 2026-11-20 .*; no run removed it\n/);
  expect(stdout).toMatch(/the last verified backup is \d+ h \d+ min old; the limit is \d+ h/);
  await temporal.client.workflow.getHandle(workflowId).terminate();
});

test('locks shows who holds and who waits', async () => {
  const since = '2026-11-20T02:00:00Z';
  const state = { resource: 'site', holder: 'a', since, fence: 7, queue: [{ workflowId: 'b', since }] };
  await temporal.client.workflow.start('lock', { workflowId: 'lock/lab', taskQueue: 'runbooks', args: [[state]] });
  await until('the lock is in the index', async () => {
    const { documents } = await runbookCommand(env, 'locks', '--json');
    return (documents[0] as unknown[]).length;
  });
  expect((await runbookCommand(env, 'locks', 'lab', '--json')).documents).toEqual([[state]]);
  expect((await runbookCommand(env, 'locks', 'other', '--json')).documents).toEqual([[]]);
  const { stdout } = await runbookCommand(env, 'locks');
  expect(stdout).toMatch(/site: held by a, since .* \(fence 7\)\n {2}1\. b, waiting since/);
});

test('a queue that no worker polls is said before anything is started', async () => {
  const elsewhere = { ...env, RUNBOOK_SITES: siteDirectory({ far: `${goodSite}queue: nobody\n` }) };
  const { exitCode, stderr } = await runbookCommand(elsewhere, 'run', 'daily-backup');
  expect(exitCode).toBe(3);
  expect(stderr).toContain('no worker has polled queue nobody in the last 70 s; start one: runbook worker');
  expect(await temporal.client.workflow.count(`WorkflowId STARTS_WITH 'daily-backup/far'`)).toMatchObject({ count: 0 });
});

test('a run that nobody knows is bad usage', async () => {
  const { exitCode, stderr } = await runbookCommand(env, 'report', 'daily-backup/lab/never');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('there is no run daily-backup/lab/never');
});

test('setup has nothing to do where everything is registered', async () => {
  const { documents } = await runbookCommand(env, 'setup', '--json');
  expect(documents).toEqual([{ address: temporal.address, namespace: 'default', registered: [] }]);
});
