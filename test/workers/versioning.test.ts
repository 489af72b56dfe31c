import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { activitiesOf } from '../../activities/activities';

import { diagnose, type Diagnosis } from '../../cli/commands/doctor';
import { buildIdOf, deploymentOptions, makeCurrent } from '../../workers/deployment';
import { FakeSite, gate } from '../support/fake-site';
import { builtWorkflows } from '../support/built-workflows';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';

let temporal: TemporalServer;
let native: NativeConnection;
let site: FakeSite;
let old: Build;
let fresh: Build;
let runs = 0;

interface Build {
  readonly id: string;
  promote(): Promise<void>;
  /** Takes no more tasks from now on; resolves when the worker is gone. */
  stop(): Promise<void>;
}

beforeAll(async () => {
  const logging = { console: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging }, shutdownSignals: [] });
  temporal = await startTemporal();
  native = await NativeConnection.connect({ address: temporal.address });
  site = new FakeSite();
  old = await startBuild((code) => code);
  await old.promote();
  fresh = await startBuild((code) => code.replaceAll('is gone (', 'is gone, sees the new build ('));
}, 60_000);

afterAll(async () => {
  await Promise.all([old?.stop(), fresh?.stop()]);
  await native?.close();
  await temporal?.close();
});

/** Workers for runs and guards, as `runbook worker --versioned` makes them, of the code with a change. */
async function startBuild(change: (code: string) => string): Promise<Build> {
  const codePath = join(mkdtempSync(join(tmpdir(), 'bundle-')), 'bundle.js');
  writeFileSync(codePath, change(readFileSync(await builtWorkflows(), 'utf8')));
  const id = buildIdOf(codePath);
  const { client } = temporal;
  const activities = activitiesOf(site.implementations(), { client, tell: site.tell, loadSite: site.loadSite });
  const workers = await Promise.all(
    (['runbooks', 'guard'] as const).map((part) =>
      Worker.create({
        connection: native,
        taskQueue: part === 'guard' ? 'runbooks-guard' : 'runbooks',
        identity: `${id}/${part}`,
        workflowBundle: { codePath },
        activities,
        workerDeploymentOptions: deploymentOptions(id, part),
        maxHeartbeatThrottleInterval: '1s',
        shutdownGraceTime: '100ms',
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  return {
    id,
    promote: () =>
      makeCurrent(client.connection as never, 'default', {
        buildId: id,
        queues: ['runbooks', 'runbooks-guard'],
        until: AbortSignal.timeout(10_000),
      }),
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(running);
    },
  };
}

async function start(input: object, workflow = 'dailyBackup'): Promise<WorkflowHandle> {
  runs += 1;
  const workflowId = `${workflow}/fake/${runs}`;
  return await temporal.client.workflow.start(workflow, { workflowId, taskQueue: 'runbooks', args: [input] });
}

/** A backup on the old build that is held up while production is down; then the new build is current. */
async function deployWhileProductionIsDown() {
  await old.promote();
  const copying = gate();
  site.before.set('copyStore', copying.fault);
  const run = await start({});
  await copying.reached;
  expect(site.production).toBe('fallback');
  await fresh.promote();
  return { run, copying };
}

/** The builds that carried out a run's tasks, in order. */
async function buildsOf(run: WorkflowHandle): Promise<readonly string[]> {
  const { events } = await run.fetchHistory();
  const builds = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: task }) => task?.deploymentVersion?.buildId ?? [],
  );
  return builds.filter((build, index) => build !== builds[index - 1]);
}

const guardOf = (run: WorkflowHandle) => temporal.client.workflow.getHandle(`guard/${run.workflowId}`);

async function doctor(seenWithinMs?: number): Promise<readonly Diagnosis[]> {
  const { client, address } = temporal;
  const sites = { names: () => ['fake'], files: () => [], load: site.loadSite };
  return await diagnose(
    { client, connection: client.connection as never, namespace: 'default', address, sites },
    seenWithinMs,
  );
}

const ofVersions = (diagnoses: readonly Diagnosis[]) =>
  diagnoses.find(({ check }) => check === 'versions')!.findings.map(({ level, text }) => `${level}: ${text}`);

const ofQueue = (diagnoses: readonly Diagnosis[], queue: string) =>
  diagnoses.find(({ check }) => check === 'queues')!.findings.find(({ text }) => text.includes(`queue ${queue} `))!
    .text;

test('a build deployed while production is down leaves the run to the old build, and takes its guard', async () => {
  const { run, copying } = await deployWhileProductionIsDown();
  await until('the doctor knows the run', async () => ofVersions(await doctor()).length > 1);
  expect(ofVersions(await doctor())).toEqual([
    `ok: build ${fresh.id} is current`,
    `warning: build ${old.id} is needed by ${run.workflowId}`,
  ]);
  copying.open();
  await run.result();
  await guardOf(run).result();
  expect(await buildsOf(run)).toEqual([old.id]);
  expect((await buildsOf(guardOf(run))).at(-1)).toBe(fresh.id);
  expect(site.asFound()).toBe(true);
}, 60_000);

test('with the old workers gone the doctor names the run that hangs, and the guard restores on the new build', async () => {
  const { run, copying } = await deployWhileProductionIsDown();
  const stopped = old.stop();
  copying.open();
  await stopped;
  const stoppedAt = Date.now();
  // A new run goes on, and shows the server that the new workers live.
  await (await start({ action: 'status' }, 'production')).result();
  const diagnoses = await until('the doctor sees the new workers and no old ones', async () => {
    const seen = await doctor(Date.now() - stoppedAt);
    return ofQueue(seen, 'runbooks').endsWith(`is polled by ${fresh.id}/runbooks`) && seen;
  });
  expect(ofVersions(diagnoses)).toContain(
    `problem: ${run.workflowId} hangs: it began on build ${old.id}, and no worker of that build polls queue runbooks`,
  );
  expect((await run.describe()).status.name).toBe('RUNNING');
  expect(site.production).toBe('fallback');

  await run.terminate();
  await guardOf(run).result();
  expect((await buildsOf(guardOf(run))).at(-1)).toBe(fresh.id);
  expect(site.messages.map(({ text }) => text)).toContainEqual(expect.stringContaining('sees the new build'));
  expect(site.asFound()).toBe(true);
}, 60_000);
