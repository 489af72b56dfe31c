import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { type Diagnosis } from '../../cli/commands/doctor';
import { buildIdOf } from '../../workers/deployment';
import { runWorker, type RunWorkerOptions } from '../../workers/worker';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';
import { fixtureActivities } from './fixture/activities';
import { runbookCommand } from './fixture/command';
import { goodSite, siteDirectory } from './fixture/site';

let temporal: TemporalServer;
let env: NodeJS.ProcessEnv;
let bundleFile: string;
const stopping = new AbortController();
const running: Promise<void>[] = [];

beforeAll(async () => {
  temporal = await startTemporal();
  env = { TEMPORAL_ADDRESS: temporal.address, RUNBOOK_SITES: siteDirectory({ lab: goodSite }) };
  const workflowsPath = require.resolve('./fixture/workflows');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  bundleFile = join(mkdtempSync(join(tmpdir(), 'bundle-')), 'bundle.js');
  writeFileSync(bundleFile, code);
}, 60_000);

afterAll(async () => {
  stopping.abort();
  await Promise.all(running);
  await temporal?.close();
});

/** Starts one more worker for both queues; returns what it said until it was ready. */
async function startWorker(versioned?: RunWorkerOptions['versioned']): Promise<readonly string[]> {
  const said: string[] = [];
  running.push(
    runWorker({
      temporal: { connection: { address: temporal.address }, namespace: 'default' },
      bundleFile,
      versioned,
      createActivities: async (client) => ({ activities: fixtureActivities(client), close: async () => {} }),
      until: stopping.signal,
      say: (line) => said.push(line),
    }),
  );
  await until('the worker is ready', async () => said.includes('ready'));
  return said;
}

async function doctor() {
  const { exitCode, documents } = await runbookCommand(env, 'doctor', '--json');
  const findings = (documents[0] as Diagnosis[]).flatMap(({ findings }) => findings);
  return { exitCode, findings, bad: findings.filter(({ level }) => level !== 'ok') };
}

test('what the doctor finds, from no worker at all to one that was forgotten beside the current build', async () => {
  const { exitCode, stdout } = await runbookCommand(env, 'doctor');
  expect(exitCode).toBe(1);
  expect(stdout.split('\n')).toEqual([
    `ok       server: Temporal answers at ${temporal.address}, namespace default`,
    'problem  queues: no worker has polled queue runbooks (of lab) in the last 70 s',
    '         next: runbook worker',
    'problem  queues: no worker has polled queue runbooks-guard (of lab) in the last 70 s',
    '         next: runbook worker',
    'ok       versions: workers are not versioned',
    '',
  ]);

  const build = buildIdOf(bundleFile);
  expect(await startWorker('as it is')).toContainEqual(
    expect.stringContaining(`build ${build} is not current (no build is current, and it gets no work)`),
  );
  const waiting = await doctor();
  expect(waiting.exitCode).toBe(1);
  expect(waiting.bad).toEqual(
    ['runbooks', 'runbooks-guard'].map((queue) => ({
      level: 'problem',
      text: `new runs and guards on queue ${queue} wait for ever: no build is current, and its workers are of build ${build}`,
      next: 'runbook worker --versioned --promote, from the code that is to be current',
    })),
  );

  expect(await startWorker('promoted')).toContain(`build ${build} is current`);
  const well = await doctor();
  expect(well).toMatchObject({ exitCode: 0, bad: [] });
  expect(well.findings.map(({ text }) => text)).toContain(`build ${build} is current`);

  await startWorker();
  const beside = await doctor();
  expect(beside.exitCode).toBe(0);
  expect(beside.bad.map(({ level, text }) => [level, text.replace(/:.*/, '')])).toEqual([
    ['warning', 'unversioned workers beside the current build get no work on queue runbooks'],
    ['warning', 'unversioned workers beside the current build get no work on queue runbooks-guard'],
  ]);
}, 90_000);

test('a site file with a mistake is a problem that names the file', async () => {
  const sites = siteDirectory({ lab: goodSite.replace('cloud: lab', 'cloud: [') });
  const { stdout } = await runbookCommand({ ...env, RUNBOOK_SITES: sites }, 'doctor');
  expect(stdout).toMatch(/^problem {2}queues: site lab: .*lab\.yaml:/m);
}, 60_000);

test('a namespace that was never set up is a problem, and the next move is said', async () => {
  await temporal.client.workflowService.registerNamespace({
    namespace: 'bare',
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const stdout = await until('the namespace is known', async () => {
    const said = (await runbookCommand({ ...env, TEMPORAL_NAMESPACE: 'bare' }, 'doctor')).stdout;
    return said.includes('search attributes') && said;
  });
  expect(stdout).toContain('problem  server: search attributes are missing: RunbookName, ');
  expect(stdout).toContain('next: runbook setup');
}, 60_000);

test('without a server the doctor ends with 3', async () => {
  const { exitCode, stderr } = await runbookCommand({ ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'doctor');
  expect(exitCode).toBe(3);
  expect(stderr).toContain('Temporal cannot be reached at 127.0.0.1:1');
}, 30_000);

test('a worker is promoted only as a version', async () => {
  const { exitCode, stderr } = await runbookCommand(env, 'worker', '--promote');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--promote goes with --versioned');
});
