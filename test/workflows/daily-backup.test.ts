import { WorkflowFailedError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { type Plan } from '../../workflows/contract/plan';
import { type GuardState, type LockState, messages } from '../../workflows/contract/messages';
import { type RunbookResult } from '../../workflows/contract/runbooks';
import { fail } from '../../activities/failures';
import { FakeSite, fakeDocument, gate } from '../support/fake-site';
import { failureOf, SiteRuns } from '../support/site-runs';
import { type SiteWorker, startSiteWorker } from '../support/site-worker';
import { sweepTest } from '../support/sweep';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';

let temporal: TemporalServer;
let site: FakeSite;
let worker: SiteWorker;
const runs = new SiteRuns(() => temporal.client);

const startWorker = (...queues: [] | [string[]]) =>
  startSiteWorker(temporal.address, temporal.client, () => site, ...queues);

beforeAll(async () => {
  temporal = await startTemporal();
  worker = await startWorker();
}, 60_000);
afterAll(async () => {
  await worker.stop();
  await temporal.close();
});
beforeEach(() => {
  site = new FakeSite();
});
afterEach(() => runs.terminateAll());

const start = (input: unknown = {}, workflow = 'dailyBackup') => runs.start(workflow, input);

const guardOf = (run: WorkflowHandle) => runs.guardOf(run);
const guardEnded = (run: WorkflowHandle) => runs.guardEnded(run);

const wholeBackup = [
  'server on',
  'mounted',
  'workplace made',
  'pull authorized',
  'production down',
  'database stopped',
  'database started',
  'production up',
  'pull revoked',
  'workplace removed',
  'unmounted',
  'server off',
];

test('a backup opens and closes everything in order, and keeps a verified archive', async () => {
  const counting: string[] = [];
  site.before.set('writeMarker', async () => void counting.push(`marked: ${site.production}`));
  site.before.set('readRows', async () => void counting.push(`counted: ${site.production}`));
  const run = await start();
  const result = (await run.result()) as RunbookResult<'daily-backup'>;
  expect(site.changes).toEqual(wholeBackup);
  expect(site.asFound()).toBe(true);
  expect(result.backups).toMatchObject([{ name: result.archive, verified: true }]);
  expect(counting).toEqual(['marked: production', 'counted: production']);
  expect(site.archives[0]).toMatchObject({ rows: { users: 1 }, marker: result.marker });
  expect(result.marker).toMatch(/^runbook-writeMarker-/);
  expect(site.catalogue).toEqual(result.backups);
  expect(await guardEnded(run)).toEqual({ restored: [], why: null });
  expect(site.messages.map(({ kind }) => kind)).toEqual(['started', 'productionDown', 'productionUp', 'done']);
}, 60_000);

test('rows that cannot be counted afterwards cost no backup: the marker proves it', async () => {
  site.before.set('readRows', async () => {
    throw fail('PreconditionFailed', 'the disk is full');
  });
  const result = (await (await start()).result()) as RunbookResult<'daily-backup'>;
  expect(result).toMatchObject({
    rows: null,
    rowsProblem: 'db1 could not be asked',
    marker: expect.stringMatching(/^runbook-writeMarker-/) as string,
  });
  expect(site.archives).toMatchObject([{ verified: true, rows: null, marker: result.marker }]);
}, 60_000);

test('rows are counted while nobody writes by an engine that cannot look back', async () => {
  site.looksBack = false;
  const seen: string[] = [];
  site.before.set('countRows', async () => void seen.push(`${site.production}, ${site.running ? 'runs' : 'stopped'}`));
  const result = (await (await start()).result()) as RunbookResult<'daily-backup'>;
  expect(seen).toEqual(['fallback, runs']);
  expect(result).toMatchObject({ rows: { users: 1 }, marker: null });
}, 60_000);

const bySnapshot = [
  'server on',
  'mounted',
  'workplace made',
  'snapshot made',
  'pull authorized',
  'production down',
  'database stopped',
  'database started',
  'production up',
  'pull revoked',
  'snapshot removed',
  'workplace removed',
  'unmounted',
  'server off',
];

test('a backup by checkpoint copies from a snapshot when production serves again, and removes that', async () => {
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start({ strategy: 'checkpoint' });
  await copying.reached;
  expect([site.production, site.running, site.copies.snapshotMade]).toEqual(['production', true, true]);
  copying.open();
  const result = (await run.result()) as RunbookResult<'daily-backup'>;
  expect(site.changes).toEqual(bySnapshot);
  expect(site.asFound()).toBe(true);
  expect(result).toMatchObject({ strategy: 'checkpoint', copiedAheadBytes: 0 });
  expect(site.archives).toMatchObject([{ name: result.archive, strategy: 'checkpoint', verified: true }]);
}, 60_000);

test('a backup by the engine itself leaves production and database alone, and says when it was made', async () => {
  site.before.set('backUpOnline', async () => {
    expect([site.production, site.running]).toEqual(['production', true]);
  });
  const result = (await (await start({ strategy: 'native' })).result()) as RunbookResult<'daily-backup'>;
  expect(site.changes).toEqual(bySnapshot.filter((change) => !/^(production|database)/.test(change)));
  expect(site.asFound()).toBe(true);
  expect(result).toMatchObject({ strategy: 'native', downtimeMs: 0, rows: null });
  expect(result.archive).toMatch(/^fake-\d{8}T\d{6}Z/);
  expect(result.marker).toBe(site.archives[0]?.marker);
  const made = site.jobs.all().find(({ action }) => action === 'makeArchive');
  const { asOf } = site.jobs.all().find(({ action }) => action === 'backUpOnline')?.output as { asOf: string };
  expect(made?.input).toMatchObject({ facts: { productionDownAt: null, productionUpAt: null, asOf } });
}, 60_000);

test('the strategy of the site is that of its backups, and a plan of it has the digest of the run', async () => {
  site.document = { ...fakeDocument, backup: { ...fakeDocument.backup, strategy: 'reflink' } };
  const { plan } = (await (await start({ dryRun: true })).result()) as { plan: Plan };
  const run = await start();
  expect(await run.result()).toMatchObject({ strategy: 'reflink' });
  expect((await run.describe()).memo).toMatchObject({ planDigest: plan.digest });
}, 60_000);

test('a strategy that is not possible ends the run before anything is touched', async () => {
  site.before.set('checkStrategy', async () => {
    throw fail('PreconditionFailed', 'a backup by checkpoint is not possible on db1');
  });
  const failure = await failureOf(await start({ strategy: 'checkpoint' }));
  expect(failure.message).toMatch(/a backup by checkpoint is not possible on db1/);
  expect(site.changes).toEqual([]);
}, 60_000);

sweepTest(
  'a run terminated while it takes a snapshot is undone by its guard, and no snapshot is left',
  async () => {
    const taking = gate();
    site.before.set('takeSnapshot', taking.fault);
    const run = await start({ strategy: 'checkpoint' });
    await taking.reached;
    await run.terminate();
    const { restored } = await guardEnded(run);
    expect(restored[0]).toMatch(/^stopped: Take a snapshot/);
    expect(site.changes.slice(-7)).toEqual(bySnapshot.slice(-7));
    expect(site.asFound()).toBe(true);
  },
  60_000,
);

test('a plan changes nothing, and its digest is the one of the run that follows', async () => {
  const { plan } = (await (await start({ dryRun: true })).result()) as { plan: Plan };
  expect(site.changes).toEqual([]);
  expect(site.messages).toEqual([]);
  expect(plan.steps.map(({ action }) => action)).toContain('bringProductionUp');

  const run = await start();
  await run.result();
  expect((await run.describe()).memo).toMatchObject({ planDigest: plan.digest });
}, 60_000);

test('a run terminated while production is down is undone by its guard, innermost first', async () => {
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start();
  await copying.reached;
  await run.terminate();
  const { restored } = await guardEnded(run);
  expect(restored[0]).toMatch(/^stopped: Copy what changed/);
  expect(site.stopped).toHaveLength(1);
  expect(site.changes.slice(-6)).toEqual(wholeBackup.slice(-6));
  expect(site.asFound()).toBe(true);
  expect(site.messages.filter(({ kind }) => kind === 'alarm' || kind === 'recovered')).toHaveLength(2);
}, 60_000);

sweepTest(
  'a change that lands after its run was terminated is undone too',
  async () => {
    let close = () => {};
    const closed = new Promise<void>((resolve) => (close = resolve));
    site.after.set('bringProductionUp', async () => close());
    let landed = () => {};
    const landing = new Promise<void>((resolve) => (landed = resolve));
    site.before.set('takeProductionDown', async ({ call }) => {
      // The request is on its way: neither a cancellation nor the end of the run calls it back.
      void run.terminate();
      await closed;
      setImmediate(landed);
      expect(call.guard).not.toBeNull();
    });
    const run = await start();
    await landing;
    await until('it landed', async () => site.changes.includes('production down'));
    await until('it was undone', async () => site.production === 'production');
    expect(site.changes.at(-1)).toBe('production up');
  },
  90_000,
);

test('a run that was reset refuses to go on, and its guard restores', async () => {
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start();
  await copying.reached;
  const history = await run.fetchHistory();
  const tasks = (history.events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  site.before.delete('copyStore');
  const { runId } = await temporal.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: {
      workflowId: run.workflowId,
      runId: history.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId,
    },
    workflowTaskFinishEventId: tasks.at(-1)?.eventId,
    requestId: 'reset',
    reason: 'test',
  });
  const failure = await failureOf(temporal.client.workflow.getHandle(run.workflowId, runId));
  expect(failure.type).toBe('PreconditionFailed');
  expect(failure.message).toMatch(/this one is a reset|this run was reset/);
  await guardEnded(run);
  expect(site.asFound()).toBe(true);
  expect(site.changes.filter((change) => change === 'production up')).toHaveLength(1);
}, 60_000);

test('an aborted run closes everything itself and is closed as cancelled', async () => {
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start();
  await copying.reached;
  await expect(run.executeUpdate('abort', { args: [{ who: 'olav', why: '' }] })).rejects.toThrow(
    WorkflowUpdateFailedError,
  );
  await run.executeUpdate('abort', { args: [{ who: 'olav', why: 'wrong night' }] });
  await expect(run.result()).rejects.toThrow(WorkflowFailedError);
  expect((await run.describe()).status.name).toBe('CANCELLED');
  expect(site.changes).toEqual(wholeBackup);
  expect(site.stopped).toHaveLength(1);
  expect(await guardEnded(run)).toEqual({ restored: [], why: null });
  expect(site.messages.at(-1)).toMatchObject({
    kind: 'failed',
    text: expect.stringContaining('aborted by olav: wrong night') as string,
  });
}, 60_000);

test('two backups at once: the second waits, and is seen to wait', async () => {
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const first = await start();
  await copying.reached;
  const second = await start();
  const locks = await until('the second waits', async () => {
    const state = await temporal.client.workflow.getHandle('lock/fake').query<LockState[]>('locks');
    return state[0]?.queue.length === 1 && state;
  });
  expect(locks).toMatchObject([
    { resource: 'site', holder: first.workflowId, queue: [{ workflowId: second.workflowId }] },
  ]);
  site.before.delete('copyStore');
  copying.open();
  await first.result();
  await second.result();
  expect(site.changes).toEqual([...wholeBackup, ...wholeBackup]);
  expect(site.messages.some(({ kind, run }) => kind === 'waiting' && run === second.workflowId)).toBe(true);
}, 60_000);

test('a request for the lock that makes no sense is no obstacle to the next one', async () => {
  const site = 'fake';
  const run = { workflowId: 'somebody', runId: 'not-a-run-id' };
  const request = {
    site,
    run,
    runbook: 'dailyBackup',
    guard: 'guard/somebody',
    resources: ['site'],
    queue: 'runbooks',
  };
  const requests: unknown[] = [request, { ...request, resources: 'site' }, null];
  for (const sent of requests)
    await temporal.client.workflow.signalWithStart('lock', {
      workflowId: 'lock/fake',
      taskQueue: 'runbooks-guard',
      args: [{ site }],
      signal: messages.lockRequest,
      signalArgs: [sent],
    });
  await (await start({ action: 'up' }, 'production')).result();
}, 60_000);

test('a lock with a long history begins anew when nobody has it', async () => {
  const lock = temporal.client.workflow.getHandle('lock/fake');
  await (await start({ action: 'up' }, 'production')).result();
  for (let i = 0; i < 10; i += 1)
    await Promise.all(Array.from({ length: 50 }, () => lock.signal(messages.lockRequest, 'no request')));
  const { runId } = await lock.describe();
  await (await start({ action: 'up' }, 'production')).result();
  await until('it begins anew', async () => (await lock.describe()).runId !== runId);
  expect((await lock.describe()).historyLength).toBeLessThan(20);
  await (await start({ action: 'up' }, 'production')).result();
}, 60_000);

sweepTest(
  'the lock passes on only when the guard of a terminated run is done',
  async () => {
    const copying = gate();
    const restoring = gate();
    site.before.set('copyStore', copying.fault);
    site.before.set('startDatabase', restoring.fault);
    const first = await start();
    await copying.reached;
    const second = await start();
    site.before.delete('copyStore');
    await first.terminate();
    await restoring.reached;
    const [state] = await temporal.client.workflow.getHandle('lock/fake').query<LockState[]>('locks');
    expect(state?.holder).toBe(first.workflowId);
    restoring.open();
    await second.result();
    expect(site.changes.slice(-12)).toEqual(wholeBackup);
  },
  60_000,
);

test('a failed step ends the run with its type, its step and everything closed', async () => {
  site.before.set('copyStore', async () => {
    throw fail('UnknownOutcome', 'the job on backup is lost: the host rebooted', { target: 'host/backup' });
  });
  const run = await start();
  const failure = await failureOf(run);
  expect(failure.type).toBe('UnknownOutcome');
  expect(failure.message).toMatch(/^Copy what changed in the store of db1: the job on backup is lost/);
  expect(failure.details?.[0]).toMatchObject({ step: 'Copy what changed in the store of db1', target: 'host/backup' });
  expect(site.asFound()).toBe(true);
  expect(site.messages.at(-1)?.kind).toBe('failed');
}, 60_000);

test('a close that fails is tried again and told, and what is outside waits for it', async () => {
  let broken = true;
  site.before.set('startDatabase', async () => {
    if (broken) throw fail('ResourceFailed', 'the database does not start');
  });
  const run = await start();
  await until('an alarm', async () => site.messages.some(({ kind }) => kind === 'alarm'));
  expect(site.production).toBe('fallback');
  broken = false;
  await run.result();
  expect(site.changes).toEqual(wholeBackup);
  expect(site.messages.map(({ kind }) => kind)).toContain('recovered');
}, 60_000);

test('past its limit the guard takes over from a living run, which closes nothing any more', async () => {
  site.document = { ...fakeDocument, limits: { ...fakeDocument.limits, maxDowntimeSeconds: 2 } };
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start();
  const failure = await failureOf(run);
  expect(failure.message).toMatch(/guard/);
  expect((await guardEnded(run)).restored).toContain('Production is down');
  expect(site.asFound()).toBe(true);
}, 60_000);

test('a run whose guard was terminated closes everything itself, and fails', async () => {
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start();
  await copying.reached;
  await guardOf(run).terminate();
  const failure = await failureOf(run);
  expect(failure.message).toMatch(/guard .* ended while this run went on/);
  expect(site.changes).toEqual(wholeBackup);
}, 60_000);

// The guard stays for as long as what the run has cut off may still land.
sweepTest(
  'a guard whose owner is stuck in a close takes it over as soon as the owner has let go',
  async () => {
    site.document = { ...fakeDocument, limits: { ...fakeDocument.limits, maxDowntimeSeconds: 4 } };
    let broken = true;
    site.before.set('startDatabase', async () => {
      if (broken) throw fail('ResourceFailed', 'the database does not start');
    });
    const run = await start();
    await until('the guard has taken over', async () =>
      guardOf(run)
        .query<GuardState>('brackets')
        .then(
          ({ tookOver }) => tookOver,
          () => false,
        ),
    );
    broken = false;
    const failure = await failureOf(run);
    expect(failure.message).toMatch(/guard/);
    expect((await guardEnded(run)).restored).toContain('The database on db1 is stopped');
    expect(site.asFound()).toBe(true);
  },
  150_000,
);

test('production taken down by somebody is refused and left as it was', async () => {
  const down = await start({ action: 'down', by: 'kari', reason: 'new switch' }, 'production');
  await down.result();
  const failure = await failureOf(await start());
  expect(failure.type).toBe('PreconditionFailed');
  expect(failure.message).toMatch(/taken down by kari: new switch/);
  expect(site.changes).toEqual(['production down']);
  await (await start({ action: 'up' }, 'production')).result();
  expect(site.production).toBe('production');
}, 60_000);

test('production is not taken down for a database that was stopped while it was copied ahead', async () => {
  site.after.set('copyAhead', async () => {
    site.running = false;
  });
  const failure = await failureOf(await start());
  expect(failure.type).toBe('PreconditionFailed');
  expect(failure.message).toMatch(/database on db1 is stopped, wanted it running and healthy; left as it was/);
  expect(site.changes).not.toContain('production down');
  expect(site.running).toBe(false);
}, 60_000);

test('a bad input ends the run at once with the field and what was expected', async () => {
  for (const [input, words] of [
    [{ keep: 0 }, /keep: found 0, expected at least 1/],
    [{ kep: 3 }, /kep: unknown key, .*did you mean keep\?/],
    [{ site: 'nowhere' }, /there is no site nowhere/],
  ] as const) {
    const failure = await failureOf(await start(input));
    expect(failure.type).toBe('InvalidInput');
    expect(failure.message).toMatch(words);
  }
  expect(site.changes).toEqual([]);
}, 60_000);

test('a server that runs already is left running', async () => {
  site.server = 'ACTIVE';
  await (await start()).result();
  expect(site.changes).not.toContain('server off');
  expect(site.server).toBe('ACTIVE');
}, 60_000);

// The answer of a guard is waited for for half a minute.
sweepTest(
  'without a guard worker nothing is touched',
  async () => {
    await worker.stop();
    worker = await startWorker(['runbooks']);
    const failure = await failureOf(await start());
    expect(failure.type).toBe('Unavailable');
    expect(failure.message).toMatch(/no worker polls runbooks-guard/);
    expect(site.changes).toEqual([]);
    await worker.stop();
    worker = await startWorker();
  },
  60_000,
);

test('a guard shows what it stands behind', async () => {
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start();
  await copying.reached;
  const state = await guardOf(run).query<GuardState>('brackets');
  expect(state.open).toContain('Production is down');
  expect(state.tookOver).toBe(false);
  expect((await guardOf(run).describe()).memo).toMatchObject({ open: state.open, tookOver: false });
  copying.open();
  await run.result();
}, 60_000);
