import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, failureTypeOf } from '../../../activities/failures';
import { type FollowedJob, followJob } from '../../../activities/ssh/follow';
import { createSshHosts, type SshHosts } from '../../../activities/ssh/hosts';
import { type JobStart, type JobState, type RemoteJobs } from '../../../activities/ssh/jobs';
import { sh } from '../../../activities/ssh/shell';
import { TestHost, until } from './server';

const waits = sh`touch begun; until [ -e go ] || [ ! -d "$PWD" ]; do sleep 0.02; done; echo done`;
const start: JobStart = { key: 'copy', command: waits, alreadyStarted: false, title: 'Copy the store' };

describe('following a job on a host', () => {
  let server: TestHost;
  let hosts: SshHosts;
  let jobs: RemoteJobs;
  beforeEach(async () => {
    server = await TestHost.start();
    hosts = createSshHosts({ env: {}, home: server.clientHome, keepAliveMs: 1_000 });
    jobs = hosts.jobs(server.ref);
  });
  afterEach(async () => {
    await jobs.stop('copy', { graceMs: 0 });
    await hosts.close();
    await server.stop();
  });
  const begun = () => existsSync(join(server.home, 'begun'));
  const go = () => writeFileSync(join(server.home, 'go'), '');

  test('returns how it finished, whatever its exit code', async () => {
    const command = sh`echo no; exit 3`;
    expect(await followJob(jobs, { ...start, command }, { pollMs: 10 })).toMatchObject({
      state: 'finished',
      exitCode: 3,
      stdoutTail: 'no\n',
      starts: 1,
    });
  });

  test('an abort detaches: it throws the reason and leaves the job alone, for the next one to follow', async () => {
    const abort = new AbortController();
    const following = followJob(jobs, start, { signal: abort.signal, pollMs: 10 });
    await until(begun, 'the job runs');
    abort.abort(new Error('worker shuts down'));
    await expect(following).rejects.toThrow('worker shuts down');
    expect(await jobs.poll('copy')).toMatchObject({ state: 'running' });
    const next = followJob(jobs, { ...start, alreadyStarted: true }, { pollMs: 10 });
    go();
    expect(await next).toMatchObject({ exitCode: 0, stdoutTail: 'done\n', starts: 1 });
  });

  test('goes on over lost connections and a silent host, and the job is started once', async () => {
    const seen: FollowedJob[] = [];
    const following = followJob(jobs, start, { pollMs: 20, onProgress: (job) => seen.push(job) });
    await until(begun, 'the job runs');
    server.faults.push('drop-before-exec', 'drop-after-exec', 'drop-before-exit', 'no-exit', 'silent');
    await until(() => server.faults.length === 0, 'all faults have struck');
    await until(
      () => seen.some((job) => job.unreachableMs !== undefined && job.unreachableMs > 100),
      'the silence is told',
    );
    go();
    expect(await following).toMatchObject({ exitCode: 0, starts: 1 });
    expect(seen.filter((job) => job.started)).not.toHaveLength(0);
  });

  test('a job whose directory is gone is UnknownOutcome, not started again', async () => {
    const error: unknown = await followJob(jobs, { ...start, alreadyStarted: true }).catch((thrown: unknown) => thrown);
    expect(failureTypeOf(error)).toBe('UnknownOutcome');
    expect((error as Error).message).toMatch(/^Copy the store: the job is lost: db1 has no record/);
    expect(begun()).toBe(false);
    rmSync(join(server.home, '.runbook'), { recursive: true });
  });
});

describe('following, step by step', () => {
  const unavailable = fail('Unavailable', 'no connection');
  const running: JobState = { state: 'running', starts: 1, progress: { done: 1, unit: 'items' } };

  /** Jobs that answer from a script, the last answer for ever. */
  function scripted(...answers: (JobState | Error | 'hang')[]) {
    const asked: string[] = [];
    const answer = (what: string, signal?: AbortSignal): Promise<JobState> => {
      asked.push(what);
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (next === 'hang')
        return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(unavailable)));
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? { state: 'absent' });
    };
    const jobs = {
      startOrAttach: (job: JobStart) => answer(job.alreadyStarted ? 'attach' : 'start'),
      poll: (_key: string, { signal }: { signal?: AbortSignal }) => answer('poll', signal),
    } as unknown as RemoteJobs;
    return { jobs, asked };
  }

  test('the host may be silent for so long, then it is Unavailable', async () => {
    const { jobs } = scripted(running, unavailable);
    const seen: FollowedJob[] = [];
    const following = followJob(jobs, start, { pollMs: 5, toleranceMs: 100, onProgress: (job) => seen.push(job) });
    await expect(following).rejects.toBe(unavailable);
    expect(seen[0]).toEqual({ started: true, starts: 1, progress: running.progress });
    expect(seen.at(-1)).toMatchObject({ started: true, unreachableMs: expect.any(Number) as number });
  });

  test('a job whose host is switched off is lost at once: nothing runs there that could be waited for', async () => {
    const { jobs, asked } = scripted(running, unavailable);
    const isOff = () => Promise.resolve(asked.length > 3);
    const error: unknown = await followJob(jobs, start, { pollMs: 1, isOff }).catch((thrown: unknown) => thrown);
    expect(failureTypeOf(error)).toBe('UnknownOutcome');
    expect((error as Error).message).toMatch(/the job is lost: its host is off/);
    expect(asked).toHaveLength(4);
  });

  test('a start whose answer is lost is asked for again, as a start', async () => {
    const { jobs, asked } = scripted(unavailable, running, { state: 'absent' });
    const error: unknown = await followJob(jobs, start, { pollMs: 1 }).catch((thrown: unknown) => thrown);
    expect(failureTypeOf(error)).toBe('UnknownOutcome');
    expect(asked).toEqual(['start', 'start', 'poll']);
  });

  test.each(['AuthDenied', 'HostKeyMismatch', 'PreconditionFailed'] as const)('%s is not waited out', async (type) => {
    const { jobs, asked } = scripted(running, fail(type, 'no'));
    const error: unknown = await followJob(jobs, start, { pollMs: 1 }).catch((thrown: unknown) => thrown);
    expect(failureTypeOf(error)).toBe(type);
    expect(asked).toHaveLength(2);
  });

  test('a call that hangs does not stop the heartbeats', async () => {
    const { jobs } = scripted(running, 'hang');
    let beats = 0;
    const abort = new AbortController();
    const onProgress = () => {
      beats++;
    };
    const following = followJob(jobs, start, { pollMs: 5, onProgress, signal: abort.signal });
    await until(() => beats > 5, 'heartbeats go on');
    abort.abort(new Error('enough'));
    await expect(following).rejects.toThrow('enough');
  });
});
