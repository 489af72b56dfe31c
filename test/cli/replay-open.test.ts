import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { traceFileOf } from '../../cli/replay/trace-file';
import { type Verdict } from '../../cli/replay/verdict';
import { companions, lockIdOf, messages } from '../../workflows/contract/messages';
import { FakeSite } from '../support/fake-site';
import { type SiteWorker, startSiteWorker } from '../support/site-worker';
import { startTemporal, type TemporalServer, until } from '../support/temporal-server';
import { runbookCommand } from './fixture/command';

let temporal: TemporalServer;
let worker: SiteWorker;
let env: NodeJS.ProcessEnv;
let directory: string;

jest.setTimeout(120_000);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'replay-open-'));
  temporal = await startTemporal();
  env = { TEMPORAL_ADDRESS: temporal.address };
  const site = new FakeSite();
  worker = await startSiteWorker(temporal.address, temporal.client, () => site, ['runbooks-guard']);
});

afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  rmSync(directory, { recursive: true, force: true });
});

test('a run that is not there is bad usage, a server that is not there is told apart', async () => {
  const unreachable = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const nowhere = await runbookCommand(env, 'replay', 'daily-backup/lab/never');
  expect(nowhere).toMatchObject({ exitCode: 2, stderr: 'there is no run daily-backup/lab/never; see: runbook runs\n' });
  const notSaved = await runbookCommand(env, 'history', 'save', 'lock/lab', '--run-id', 'never');
  expect(notSaved).toMatchObject({ exitCode: 2 });
  expect(await runbookCommand(unreachable, 'replay', 'daily-backup/lab/never')).toMatchObject({ exitCode: 3 });
});

test('replay --open takes everything of ours that is open on the server, also a run that no worker has taken', async () => {
  expect((await runbookCommand(env, 'replay', '--open')).stdout).toBe('nothing is open\n');
  const { workflow } = temporal.client;
  const lock = await workflow.start(companions.lock, {
    workflowId: lockIdOf('lab'),
    taskQueue: 'runbooks-guard',
    args: [{ site: 'lab' }],
  });
  const waiter = {
    site: 'lab',
    run: { workflowId: 'gone', runId: randomUUID() },
    runbook: 'x',
    guard: 'y',
    resources: ['site'],
    queue: 'runbooks-guard',
  };
  await lock.signal(messages.lockRequest, waiter);
  await workflow.start('dailyBackup', { workflowId: 'daily-backup/lab/1', taskQueue: 'nobody', args: [{}] });
  await until('the lock has answered', async () =>
    (await lock.fetchHistory()).events?.some((event) => event.signalExternalWorkflowExecutionFailedEventAttributes),
  );
  const ended = await until('the server lists both', async () => {
    const replayed = await runbookCommand(env, 'replay', '--open', '--json');
    return (replayed.documents[0] as Verdict[]).length === 2 && replayed;
  });
  expect(ended.exitCode).toBe(0);
  const verdicts = ended.documents[0] as Verdict[];
  expect(verdicts).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ history: 'lock/lab', workflowType: 'lock', difference: null }),
      expect.objectContaining({ history: 'daily-backup/lab/1', commands: 0, difference: null }),
    ]),
  );
  expect(verdicts.find(({ history }) => history === 'lock/lab')?.commands).toBeGreaterThan(0);

  const file = join(directory, 'lock.json');
  expect((await runbookCommand(env, 'history', 'save', 'lock/lab', '--to', file)).exitCode).toBe(0);
  expect(readFileSync(traceFileOf(file), 'utf8')).toMatch(
    /^# lock lock\/lab.*\n[^]* \d+ {2}signal lockGranted .* to=gone /,
  );
});
