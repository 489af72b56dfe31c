import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureTypeOf } from '../../../activities/failures';
import { createSshHosts, type SshHosts } from '../../../activities/ssh/hosts';
import { type JobFence, type JobStart, type JobState, type RemoteJobs } from '../../../activities/ssh/jobs';
import { sh } from '../../../activities/ssh/shell';
import { TestHost, until } from './server';

let server: TestHost;
let hosts: SshHosts;
let jobs: RemoteJobs;

beforeEach(async () => {
  server = await TestHost.start();
  server.env['RUNBOOK_BOOT_ID_FILE'] = join(server.directory, 'boot_id');
  boot('first');
  hosts = createSshHosts({ env: {}, home: server.clientHome });
  jobs = hosts.jobs(server.ref);
});
afterEach(async () => {
  const left = existsSync(inJobs()) ? readdirSync(inJobs()).filter((key) => existsSync(inJobs(key, 'started'))) : [];
  for (const key of left) killGroup(key);
  await hosts.close();
  await server.stop();
});

const boot = (id: string) => writeFileSync(join(server.directory, 'boot_id'), `${id}\n`);
const inJobs = (...path: string[]) => join(server.home, '.runbook', 'jobs', ...path);
const job = (key: string, command = sh`true`, more: Partial<JobStart> = {}): JobStart => ({
  key,
  command,
  alreadyStarted: false,
  ...more,
});
/** Runs until the file `go` is in the home directory. */
const waits = sh`until [ -e go ] || [ ! -d "$PWD" ]; do sleep 0.02; done`;
const go = () => writeFileSync(join(server.home, 'go'), '');
const launcherOf = (key: string) => Number(readFileSync(inJobs(key, 'started'), 'utf8').split(' ')[0]);

/** Ends what a test left running; a record may name any process, so only one with this host's home is signalled. */
function killGroup(key: string): void {
  const pid = launcherOf(key);
  if (pid > 1 && environmentOf(pid).includes(`HOME=${server.home}\0`)) process.kill(-pid, 'SIGKILL');
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // it has ended, or is the kernel's
  }
}

function groupLives(pid: number): boolean {
  return execFileSync('ps', ['-eo', 'pgid=,stat='])
    .toString()
    .split('\n')
    .some((line) => new RegExp(`^\\s*${pid}\\s+[^Z]`).test(line));
}

async function ended(key: string): Promise<JobState> {
  let state: JobState = { state: 'absent' };
  await until(async () => (state = await jobs.poll(key)).state !== 'running', `${key} has ended`);
  return state;
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    (value) => new Error(`did not fail: ${JSON.stringify(value)}`),
    (thrown: Error) => thrown,
  );
  return `${failureTypeOf(error) ?? 'none'}: ${error.message}`;
}

describe('a job', () => {
  test('runs to its end, and its end is kept: output, exit code, one start', async () => {
    await jobs.startOrAttach(job('a', sh`echo out; echo err >&2; exit 7`));
    const end = { state: 'finished', exitCode: 7, stdoutTail: 'out\n', stderrTail: 'err\n', starts: 1 };
    expect(await ended('a')).toEqual(end);
    expect(await jobs.startOrAttach(job('a', sh`touch again`))).toEqual(end);
    expect(existsSync(join(server.home, 'again'))).toBe(false);
  });

  test('outlives the connection, in a session of its own, with nothing of ours open', async () => {
    const command = sh`${waits}; cat; ls -l /proc/self/fd | grep -c -e lock -e alive`;
    expect(await jobs.startOrAttach(job('a', command))).toEqual({ state: 'running', starts: 1 });
    await hosts.close();
    server.cut();
    hosts = createSshHosts({ env: {}, home: server.clientHome });
    jobs = hosts.jobs(server.ref);
    expect(await jobs.poll('a')).toEqual({ state: 'running', starts: 1 });
    go();
    expect(await ended('a')).toMatchObject({ stdoutTail: '0\n', exitCode: 1 });
  });

  test('tells its progress and its result through its directory', async () => {
    const command = sh`echo "10 200 bytes copying /bfdata" > "$JOB_DIR/progress"; ${waits}; echo '{"rows":3}' > "$JOB_DIR/result"`;
    await jobs.startOrAttach(job('a', command));
    await until(async () => 'progress' in (await jobs.poll('a')), 'there is progress');
    expect(await jobs.poll('a')).toEqual({
      state: 'running',
      starts: 1,
      progress: { done: 10, total: 200, unit: 'bytes', note: 'copying /bfdata' },
    });
    go();
    expect(await ended('a')).toMatchObject({ state: 'finished', exitCode: 0, result: '{"rows":3}\n' });
  });

  test('keeps the tail of a long output, whatever is in it', async () => {
    const command = sh`head -c 100000 /dev/zero | tr '\\0' x; echo; echo refused missing flock; echo finished 0`;
    await jobs.startOrAttach(job('a', command));
    const state = await ended('a');
    expect(state).toMatchObject({ state: 'finished', exitCode: 0 });
    if (state.state === 'finished') {
      expect(state.stdoutTail).toHaveLength(4096);
      expect(state.stdoutTail).toMatch(/x\nrefused missing flock\nfinished 0\n$/);
    }
  });

  test('with a result that is too large fails rather than give half of it', async () => {
    await jobs.startOrAttach(job('a', sh`head -c 65537 /dev/zero > "$JOB_DIR/result"`));
    await until(() => existsSync(inJobs('a', 'exit')), 'a has ended');
    expect(await failure(jobs.poll('a'))).toMatch(/^ResourceFailed: .* larger than 65536/);
  });

  test('that nobody started is absent, and lost if it is known to have been started', async () => {
    expect(await jobs.poll('a')).toEqual({ state: 'absent' });
    expect(await jobs.startOrAttach(job('a', sh`touch ran`, { alreadyStarted: true }))).toMatchObject({
      state: 'lost',
      starts: 0,
    });
    expect(await jobs.poll('a')).toEqual({ state: 'absent' });
    expect(existsSync(join(server.home, 'ran'))).toBe(false);
  });

  test('has a command that may hold anything, and a key that may not', async () => {
    await jobs.startOrAttach(job('a', sh`printf %s ${`it's "$HOME" \\ \n*`}`));
    expect(await ended('a')).toMatchObject({ stdoutTail: `it's "$HOME" \\ \n*` });
    for (const key of ['', '../x', '.fence', 'a b']) expect(await failure(jobs.poll(key))).toMatch(/^InvalidInput: /);
  });

  test('needs setsid and flock on the host, and says which package has them', async () => {
    const bin = join(server.directory, 'bin');
    mkdirSync(bin);
    for (const tool of ['sh', 'mkdir', 'flock']) {
      execFileSync('ln', [
        '-s',
        execFileSync('sh', ['-c', `command -v ${tool}`])
          .toString()
          .trim(),
        bin,
      ]);
    }
    server.env['PATH'] = bin;
    expect(await failure(jobs.startOrAttach(job('a')))).toMatch(/^PreconditionFailed: db1 has no setsid; .*util-linux/);
    rmSync(join(bin, 'flock'));
    expect(await failure(jobs.stop('a', { graceMs: 0 }))).toMatch(
      /^PreconditionFailed: db1 has no flock; .*util-linux/,
    );
  });

  test('is refused where its directory cannot be made', async () => {
    writeFileSync(join(server.home, '.runbook'), 'a file');
    expect(await failure(jobs.startOrAttach(job('a')))).toMatch(/^PreconditionFailed: .*jobs directory .runbook\/jobs/);
  });
});

describe('started once', () => {
  test('by two starts at the same moment, again and again', async () => {
    for (let round = 0; round < 8; round++) {
      const key = `r${round}`;
      const other = createSshHosts({ env: {}, home: server.clientHome });
      const start = job(key, sh`echo ran >> ${`ran-${key}`}`);
      const states = await Promise.all([jobs, jobs, other.jobs(server.ref)].map((each) => each.startOrAttach(start)));
      await other.close();
      for (const state of states) expect(state).toMatchObject({ starts: 1 });
      expect(await ended(key)).toMatchObject({ state: 'finished', exitCode: 0, starts: 1 });
      expect(readFileSync(join(server.home, `ran-${key}`), 'utf8')).toBe('ran\n');
    }
  });

  test.each(['drop-after-exec', 'drop-before-exit'] as const)(
    'though the answer of the start is lost: %s',
    async (fault) => {
      server.faults.push(fault);
      expect(await failure(jobs.startOrAttach(job('a', waits)))).toMatch(/^Unavailable: /);
      expect(await jobs.startOrAttach(job('a', waits))).toEqual({ state: 'running', starts: 1 });
    },
  );

  test('also after a launcher that died before its claim: it may be launched again', async () => {
    mkdirSync(inJobs('a'), { recursive: true });
    writeFileSync(inJobs('a', 'launch.1'), '1 1 first\n');
    await jobs.startOrAttach(job('a'));
    expect(await ended('a')).toMatchObject({ state: 'finished', starts: 1 });
  });

  test('but not again after a launcher that died between its claim and the command: lost', async () => {
    mkdirSync(inJobs('a'), { recursive: true });
    writeFileSync(inJobs('a', 'started'), '999999999 1 first\n');
    expect(await jobs.startOrAttach(job('a', sh`touch ran`))).toMatchObject({ state: 'lost', starts: 0 });
    expect(existsSync(join(server.home, 'ran'))).toBe(false);
  });
});

describe('whoever waits for a job', () => {
  const waitMs = 60_000;
  const waiting = (): number =>
    execFileSync('ps', ['-eo', 'pid=,args='])
      .toString()
      .split('\n')
      .filter(
        (line) => line.includes('flock -s -w 60') && environmentOf(parseInt(line)).includes(`HOME=${server.home}\0`),
      ).length;

  test('hears of its end when it ends', async () => {
    expect(await jobs.startOrAttach(job('a', waits))).toMatchObject({ state: 'running' });
    const [attached, polled] = [jobs.startOrAttach(job('a'), { waitMs }), jobs.poll('a', { waitMs })];
    await until(() => waiting() === 2, 'both wait');
    go();
    expect(await attached).toMatchObject({ state: 'finished', exitCode: 0, starts: 1 });
    expect(await polled).toMatchObject({ state: 'finished', exitCode: 0 });
  });

  test('hears of a short one with the answer to its start', async () => {
    expect(await jobs.startOrAttach(job('a', sh`sleep 0.2`), { waitMs })).toMatchObject({ state: 'finished' });
  });

  test('hears how it is when the time is over', async () => {
    expect(await jobs.startOrAttach(job('a', waits), { waitMs: 50 })).toMatchObject({ state: 'running' });
    expect(await jobs.poll('a', { waitMs: 50 })).toMatchObject({ state: 'running' });
  });

  test('hears at once that it is lost when its launcher is killed, though part of it may live', async () => {
    await jobs.startOrAttach(job('a', waits));
    const polled = jobs.poll('a', { waitMs });
    await until(() => waiting() === 1, 'it waits');
    process.kill(launcherOf('a'), 'SIGKILL');
    expect(await polled).toMatchObject({ state: 'lost' });
  });

  test('does not wait for one that cannot be waited for: an earlier version has started it', async () => {
    await jobs.startOrAttach(job('a', waits));
    rmSync(inJobs('a', 'alive'));
    expect(await jobs.poll('a', { waitMs })).toMatchObject({ state: 'running' });
  });
});

describe('a job is lost', () => {
  test('when its launcher was killed, though part of it may live; a stop ends that part', async () => {
    await jobs.startOrAttach(job('a', sh`touch begun; ${waits}`));
    await until(() => existsSync(join(server.home, 'begun')), 'the command runs');
    const pid = launcherOf('a');
    process.kill(pid, 'SIGKILL');
    await until(async () => (await jobs.poll('a')).state === 'lost', 'a is lost');
    expect(await jobs.poll('a')).toMatchObject({
      why: expect.stringContaining('no such process') as string,
      starts: 1,
    });
    expect(groupLives(pid)).toBe(true);
    expect(await jobs.stop('a', { graceMs: 5_000 })).toEqual({ state: 'stopped', starts: 1 });
    expect(groupLives(pid)).toBe(false);
  });

  test('when the host was rebooted, and a stop then kills nobody', async () => {
    await jobs.startOrAttach(job('a', waits));
    expect(groupLives(launcherOf('a'))).toBe(true);
    boot('second');
    expect(await jobs.poll('a')).toMatchObject({ state: 'lost', why: expect.stringContaining('rebooted') as string });
    expect(await jobs.stop('a', { graceMs: 0 })).toEqual({ state: 'ended', starts: 1 });
    expect(groupLives(launcherOf('a'))).toBe(true);
  });

  test('when its process id belongs to another process now, and a stop leaves that one alone', async () => {
    await jobs.startOrAttach(job('other', waits));
    const pid = launcherOf('other');
    mkdirSync(inJobs('a'));
    writeFileSync(inJobs('a', 'started'), `${pid} 1 first\n`);
    expect(await jobs.poll('a')).toMatchObject({ state: 'lost' });
    expect(await jobs.stop('a', { graceMs: 0 })).toMatchObject({ state: 'ended' });
    expect(await jobs.poll('other')).toMatchObject({ state: 'running' });
  });

  test('but not when it ended before a reboot', async () => {
    await jobs.startOrAttach(job('a'));
    await ended('a');
    boot('second');
    expect(await jobs.poll('a')).toMatchObject({ state: 'finished', exitCode: 0 });
  });
});

describe('a stop', () => {
  test('ends the whole job with TERM, and the exit code says so', async () => {
    await jobs.startOrAttach(job('a', sh`sleep 60 & ${waits}`));
    const pid = launcherOf('a');
    expect(await jobs.stop('a', { graceMs: 5_000 })).toEqual({ state: 'stopped', starts: 1 });
    expect(groupLives(pid)).toBe(false);
    expect(await jobs.poll('a')).toMatchObject({ state: 'finished', exitCode: 143, starts: 1 });
  });

  test('lets a command that cleans up on TERM do so', async () => {
    await jobs.startOrAttach(job('a', sh`trap 'echo cleaned; exit 5' TERM; touch ready; ${waits}`));
    await until(() => existsSync(join(server.home, 'ready')), 'the trap is set');
    await jobs.stop('a', { graceMs: 5_000 });
    expect(await jobs.poll('a')).toMatchObject({ state: 'finished', exitCode: 5, stdoutTail: 'cleaned\n' });
  });

  test('kills what ignores TERM after the grace, and writes the exit record itself', async () => {
    await jobs.startOrAttach(job('a', sh`trap '' TERM; touch ready; ${waits}`));
    await until(() => existsSync(join(server.home, 'ready')), 'the trap is set');
    const pid = launcherOf('a');
    expect(await jobs.stop('a', { graceMs: 200 })).toEqual({ state: 'stopped', starts: 1 });
    expect(groupLives(pid)).toBe(false);
    expect(await jobs.poll('a')).toMatchObject({ state: 'finished', exitCode: 137 });
  });

  test('of a job that never started leaves a tombstone that refuses a later start', async () => {
    expect(await jobs.stop('a', { graceMs: 0 })).toEqual({ state: 'never-started', starts: 0 });
    expect(await failure(jobs.startOrAttach(job('a', sh`touch ran`)))).toMatch(
      /^PreconditionFailed: .* stopped before/,
    );
    expect(await jobs.poll('a')).toEqual({ state: 'absent' });
    expect(existsSync(join(server.home, 'ran'))).toBe(false);
  });

  test('of a job that has ended changes nothing, as often as it is asked for', async () => {
    await jobs.startOrAttach(job('a', sh`exit 3`));
    await ended('a');
    for (let time = 0; time < 2; time++)
      expect(await jobs.stop('a', { graceMs: 0 })).toEqual({ state: 'ended', starts: 1 });
    expect(await jobs.poll('a')).toMatchObject({ state: 'finished', exitCode: 3 });
  });

  test('that races a start: either the start is refused, or the job is stopped', async () => {
    for (let round = 0; round < 10; round++) {
      const key = `r${round}`;
      const [start, stop] = await Promise.allSettled([
        jobs.startOrAttach(job(key, sh`sleep 60`)),
        jobs.stop(key, { graceMs: 5_000 }),
      ]);
      expect(stop.status).toBe('fulfilled');
      if (start.status === 'rejected') expect(failureTypeOf(start.reason)).toBe('PreconditionFailed');
      else expect(stop).toMatchObject({ value: { state: 'stopped' } });
      expect(['absent', 'finished']).toContain((await jobs.poll(key)).state);
      if (existsSync(inJobs(key, 'started'))) expect(groupLives(launcherOf(key))).toBe(false);
    }
  });

  test('that is asked for many times at once does not cost the exit code', async () => {
    await jobs.startOrAttach(job('a', sh`trap 'exit 5' TERM; touch ready; ${waits}`));
    await until(() => existsSync(join(server.home, 'ready')), 'the trap is set');
    const stops = await Promise.all(Array.from({ length: 8 }, () => jobs.stop('a', { graceMs: 5_000 })));
    expect(stops.map(({ state }) => state)).toContain('stopped');
    expect(await jobs.poll('a')).toMatchObject({ state: 'finished', exitCode: 5 });
  });

  test('whose answer is lost has its effect, and may be asked for again', async () => {
    await jobs.startOrAttach(job('a', waits));
    server.faults.push('drop-after-exec');
    expect(await failure(jobs.stop('a', { graceMs: 5_000 }))).toMatch(/^Unavailable: /);
    expect((await jobs.stop('a', { graceMs: 5_000 })).starts).toBe(1);
    expect(await jobs.poll('a')).toMatchObject({ state: 'finished', exitCode: 143 });
  });
});

describe('a fence', () => {
  const fence = (number: number, resources: string[], scope = 'lab'): { fence: JobFence } => ({
    fence: { number, resources, scope },
  });

  test.each([
    ['the same path', ['host/db1'], ['host/db1']],
    ['the whole site', ['host/db1'], ['site']],
    ['a path of a held site', ['site'], ['host/db1']],
    ['one of several paths', ['host/db1', 'volume/backup'], ['volume/other', 'volume/backup']],
  ])('of a higher number stops the job of a lower one on %s, and then refuses it', async (_path, low, high) => {
    await jobs.startOrAttach(job('low', waits, fence(4, low)));
    const pid = launcherOf('low');
    expect(await jobs.startOrAttach(job('high', waits, fence(5, high)))).toEqual({ state: 'running', starts: 1 });
    expect(groupLives(pid)).toBe(false);
    expect(await jobs.poll('low')).toMatchObject({ state: 'finished', exitCode: 143 });
    expect(await failure(jobs.startOrAttach(job('low2', sh`touch ran`, fence(4, low))))).toMatch(
      /^PreconditionFailed: .* a newer run holds the lock \(fencing number 5\)/,
    );
    expect(existsSync(join(server.home, 'ran'))).toBe(false);
    expect(await jobs.poll('high')).toMatchObject({ state: 'running' });
  });

  test('leaves jobs on other paths, of the same number, of other sites and without a fence alone', async () => {
    await jobs.startOrAttach(job('path', waits, fence(4, ['host/db2'])));
    await jobs.startOrAttach(job('same', waits, fence(5, ['host/db1'])));
    await jobs.startOrAttach(job('site', waits, fence(1, ['site'], 'other')));
    await jobs.startOrAttach(job('none', waits));
    expect(await jobs.startOrAttach(job('new', waits, fence(5, ['host/db1'])))).toMatchObject({ state: 'running' });
    for (const key of ['path', 'same', 'site', 'none'])
      expect(await jobs.poll(key)).toMatchObject({ state: 'running' });
  });

  test('keeps its number when its job has ended and its directory is swept', async () => {
    await jobs.startOrAttach(job('high', sh`true`, fence(9, ['site'])));
    await ended('high');
    await jobs.sweep(0);
    expect(await failure(jobs.startOrAttach(job('low', sh`true`, fence(8, ['host/db1']))))).toMatch(/number 9/);
  });

  test('of a lower number may still attach to its own job, and stop it, but not one of a newer run', async () => {
    await jobs.startOrAttach(job('low', sh`exit 2`, fence(4, ['site'])));
    await ended('low');
    await jobs.startOrAttach(job('high', waits, fence(5, ['site'])));
    expect(await jobs.startOrAttach(job('low', sh`exit 2`, fence(4, ['site'])))).toMatchObject({ exitCode: 2 });
    expect(await jobs.stop('low', { graceMs: 0, ...fence(4, ['site']) })).toMatchObject({ state: 'ended' });
    expect(await failure(jobs.stop('high', { graceMs: 0, ...fence(4, ['site']) }))).toMatch(
      /^PreconditionFailed: .*number 5/,
    );
    expect(await jobs.poll('high')).toMatchObject({ state: 'running' });
  });

  test('decides a race of two numbers for the higher one, whoever comes first', async () => {
    for (let round = 0; round < 4; round++) {
      const [low, high] = [2 * round + 1, 2 * round + 2];
      const [, winner] = await Promise.allSettled([
        jobs.startOrAttach(job(`low${round}`, sh`sleep 60`, fence(low, ['site']))),
        jobs.startOrAttach(job(`high${round}`, sh`sleep 60`, fence(high, ['host/db1']))),
      ]);
      expect(winner).toMatchObject({ value: { state: 'running' } });
      expect((await jobs.poll(`low${round}`)).state).not.toBe('running');
    }
  });
});

describe('sweeping', () => {
  test('forgets what has not changed for so many days, but nothing that runs, and no young tombstone', async () => {
    const age = (key: string) => {
      const old = Date.now() / 1000 - 20 * 86_400;
      for (const name of readdirSync(inJobs(key))) utimesSync(inJobs(key, name), old, old);
      utimesSync(inJobs(key), old, old);
    };
    for (const key of ['old', 'young']) {
      await jobs.startOrAttach(job(key));
      await ended(key);
    }
    await jobs.startOrAttach(job('runs', waits));
    for (const key of ['stopped-old', 'stopped-young']) await jobs.stop(key, { graceMs: 0 });
    for (const key of ['old', 'runs', 'stopped-old']) age(key);
    await jobs.sweep(14);
    expect(readdirSync(inJobs()).sort()).toEqual(['.fence', 'runs', 'stopped-young', 'young']);
  });

  test('where there was never a job does nothing', async () => {
    await jobs.sweep(14);
    expect(existsSync(inJobs())).toBe(false);
  });
});

test('a record that names no process of its own is refused, and nothing is signalled', async () => {
  mkdirSync(inJobs('a'), { recursive: true });
  for (const record of ['1 1 first', '0 1 first', '-1 1 first', 'x 1 first', '', '2', '2 3']) {
    writeFileSync(inJobs('a', 'started'), `${record}\n`);
    expect(await failure(jobs.poll('a'))).toMatch(/^ResourceFailed: .*record/);
    expect(await failure(jobs.stop('a', { graceMs: 0 }))).toMatch(/^ResourceFailed: .*record/);
  }
});

test('an answer that makes no sense is no state', async () => {
  mkdirSync(inJobs('a'), { recursive: true });
  writeFileSync(inJobs('a', 'started'), '999999999 1 first\n');
  writeFileSync(inJobs('a', 'exit'), 'nonsense\n');
  expect(await failure(jobs.poll('a'))).toMatch(/^ResourceFailed: .* makes no sense/);
});
