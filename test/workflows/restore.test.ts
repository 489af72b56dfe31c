import { type WorkflowHandle } from '@temporalio/client';
import { type Plan } from '../../workflows/contract/plan';
import { messages, type RunProgress } from '../../workflows/contract/messages';
import { type RunbookResult } from '../../workflows/contract/runbooks';
import { fail } from '../../activities/failures';
import { FakeSite, gate } from '../support/fake-site';
import { failureOf, SiteRuns } from '../support/site-runs';
import { type SiteWorker, startSiteWorker } from '../support/site-worker';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';

let temporal: TemporalServer;
let site: FakeSite;
let worker: SiteWorker;
const runs = new SiteRuns(() => temporal.client);

const archive = 'fake-20260104.tar.zst';
const waived = { approval: { waived: 'rehearsed' } };

beforeAll(async () => {
  temporal = await startTemporal();
  worker = await startSiteWorker(temporal.address, temporal.client, () => site);
}, 60_000);
afterAll(async () => {
  await worker.stop();
  await temporal.close();
});
beforeEach(() => {
  site = new FakeSite();
  site.archives = [
    {
      kind: 'archive',
      name: archive,
      site: 'fake',
      createdAt: '2026-01-04T02:00:00.000Z',
      bytes: 50,
      sha256: 'aa',
      engine: 'cockroach',
      strategy: 'cold',
      verified: true,
      verifiedAt: '2026-01-04T02:10:00.000Z',
      rows: { users: 1 },
      marker: null,
      run: 'earlier',
    },
  ];
  site.catalogue = [...site.archives];
});
afterEach(() => runs.terminateAll());

const start = (input: object = waived, workflow = 'restore') => runs.start(workflow, input);

const restored = async (run: WorkflowHandle) => (await run.result()) as RunbookResult<'restore'>;
const guardEnded = (run: WorkflowHandle) => runs.guardEnded(run);

const asks = (run: WorkflowHandle) =>
  until('it asks', async () => (await run.query<RunProgress>(messages.progress)).asked.at(-1));

const wholeRestore = [
  'server on',
  'mounted',
  'workplace made',
  'production down',
  'stage made',
  'pull authorized',
  'pull revoked',
  'database stopped',
  'data swapped',
  'database started',
  'data kept',
  'stage removed',
  'production up',
  'workplace removed',
  'unmounted',
  'server off',
];

test('a restore that was approved puts the backup in place, keeps the old data aside and says what was lost', async () => {
  const run = await start({});
  const question = await asks(run);
  expect(question?.details.join('\n')).toMatch(/users: 2 rows now, 1 in the backup/);
  expect(site.changes).not.toContain('production down');
  await run.executeUpdate('approve', { args: [{ who: 'ann', why: 'the disk is gone' }] });
  const result = await restored(run);
  expect(result).toMatchObject({
    backup: archive,
    rows: { users: 1 },
    lost: { since: '2026-01-04T02:00:00.000Z', rowsBefore: { users: 2 }, problem: null },
    approved: 'approved by ann',
    foundDownBy: null,
  });
  expect(site.changes).toEqual(wholeRestore);
  expect(site.asFound()).toBe(true);
  expect(site.store.content).toBe(archive);
  expect(site.store.kept()).toMatchObject([{ name: result.movedAside, keptUntil: result.keptUntil }]);
}, 60_000);

test('a plan changes nothing, and its digest is the one of the run that follows', async () => {
  const { plan } = (await (await start({ ...waived, dryRun: true })).result()) as { plan: Plan };
  expect(site.changes).toEqual([]);
  expect(plan.steps.map(({ action }) => action)).toEqual(expect.arrayContaining(['swapStore', 'keepAside']));
  const run = await start();
  await run.result();
  expect((await run.describe()).memo).toMatchObject({ planDigest: plan.digest });
}, 60_000);

test('a restore that was rejected has not touched production', async () => {
  const run = await start({});
  await asks(run);
  await run.executeUpdate('reject', { args: [{ who: 'ann', why: 'the data is fine' }] });
  const failure = await failureOf(run);
  expect(failure).toMatchObject({ type: 'PreconditionFailed' });
  expect(failure.message).toMatch(/the data is fine/);
  expect(site.changes).not.toContain('production down');
  expect(site.asFound()).toBe(true);
}, 60_000);

test.each([
  ['copied', 'fetchStore', 1],
  // The rows are looked at twice before anything is swapped.
  ['proved', 'readRows', 3],
] as const)(
  'a restore terminated while the new data is being %s leaves the old data serving, whole',
  async (_what, action, nth) => {
    const reached = gate();
    let times = 0;
    site.before.set(action, async (context) => {
      times += 1;
      if (times === nth) await reached.fault(context);
    });
    const run = await start();
    await reached.reached;
    await run.terminate();
    await guardEnded(run);
    expect(site.store.content).toBe('present');
    expect([...site.store.swaps.values()].map(({ state }) => state)).not.toContain('swapped');
    expect(site.asFound()).toBe(true);
  },
  90_000,
);

test('data that does not hold its rows is taken away again, and the old data serves', async () => {
  site.archives = site.archives.map((known) => ({ ...known, rows: { users: 7 } }));
  const failure = await failureOf(await start());
  expect(failure).toMatchObject({ type: 'ResourceFailed' });
  expect(failure.message).toMatch(/table users has 1 rows after restoring .*, wanted 7\. The old data is put back/);
  expect(site.store.content).toBe('present');
  expect(site.asFound()).toBe(true);
}, 60_000);

test('an undo brings the data back that was moved aside, and keeps what it replaces in its turn', async () => {
  const first = await restored(await start());
  const run = await start({ backup: `aside:${first.movedAside}` });
  expect((await asks(run))?.details.join('\n')).toMatch(/users: 1 rows now, 2 in the backup/);
  await run.executeUpdate('approve', { args: [{ who: 'ann', why: 'the backup was too old' }] });
  const second = await restored(run);
  expect(site.store.content).toBe('present');
  expect(second.movedAside).not.toBe(first.movedAside);
  expect(site.store.kept()).toHaveLength(2);
}, 60_000);

test('production that somebody took down stays down, a database that is down is started, and the result says who', async () => {
  site.production = 'fallback';
  site.note = 'taken down by kari: new switch';
  site.running = false;
  const result = await restored(await start());
  expect(result).toMatchObject({
    downtimeMs: null,
    foundDownBy: 'taken down by kari: new switch',
    lost: { rowsBefore: null, problem: 'the database does not answer' },
  });
  expect(site.production).toBe('fallback');
  expect(site.running).toBe(true);
}, 60_000);

test('what cannot be restored is said with what there is', async () => {
  const failure = await failureOf(await start({ ...waived, backup: 'fake-1999' }));
  expect(failure).toMatchObject({ type: 'NotFound' });
  expect(failure.message).toBe(`no backup fake-1999 of this site; there are: ${archive}. See: runbook backups fake`);
  expect(site.asFound()).toBe(true);
}, 60_000);

test('a drill measures and records; one that finds the backup bad distrusts it and raises an alarm', async () => {
  const result = (await (await start({}, 'restoreDrill')).result()) as RunbookResult<'restore-drill'>;
  expect(result).toMatchObject({ backup: archive, rows: { users: 1 } });
  expect(result.rpoMs).toBeGreaterThan(0);

  site.before.set('readBack', async () => {
    throw fail('ResourceFailed', 'the archive is damaged', { exitCode: 65 });
  });
  expect(await failureOf(await start({}, 'restoreDrill'))).toMatchObject({ type: 'ResourceFailed' });
  expect(site.archives).toMatchObject([{ name: archive, verified: false }]);
  expect(site.messages.filter(({ kind }) => kind === 'alarm')).toHaveLength(1);
  expect(site.asFound()).toBe(true);
}, 60_000);

test('a drill that could not be finished says nothing about the backup', async () => {
  site.before.set('readBack', async () => {
    throw fail('ResourceFailed', 'backup is off');
  });
  await failureOf(await start({}, 'restoreDrill'));
  expect(site.archives).toMatchObject([{ verified: true }]);
}, 60_000);
