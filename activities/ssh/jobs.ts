import { randomUUID } from 'node:crypto';
import { fail } from '../failures';
import { type Host } from './host';
import { jobScripts } from './job-scripts';
import { type JobState, parseJobState, unreadable } from './job-state';
import { sh, type ShellText } from './shell';

export { type FinishedJob, type JobProgress, type JobState } from './job-state';

/** A command that outlives its connection. */
export interface JobStart {
  /** Names the job on its host: letters, digits, `.`, `_` and `-`. One key, one launch. */
  readonly key: string;
  /** Run by `sh -c` with standard input empty and `JOB_DIR` set; see `JobState` for what it may write there. */
  readonly command: ShellText;
  readonly fence?: JobFence;
  /** True once the history or a heartbeat says the job was started: one that is not there is then lost, not started. */
  readonly alreadyStarted: boolean;
  /** For whoever looks into the directory. */
  readonly title?: string;
}

/** The lock under which a job runs: a higher number stops jobs of lower ones, a lower one is refused. */
export interface JobFence {
  readonly number: number;
  /** `site` conflicts with every path, any other path with itself. */
  readonly resources: readonly string[];
  /** The site's name: numbers of different sites are not compared. */
  readonly scope: string;
}

export interface JobCallOptions {
  readonly signal?: AbortSignal;
}

export interface JobWaitOptions extends JobCallOptions {
  /** Answers when the job has ended, after so long at the latest. One that an older version has started is not waited for. @default 0 */
  readonly waitMs?: number;
}

export interface StopOptions extends JobCallOptions {
  /** Between TERM and KILL. */
  readonly graceMs: number;
  /** Refused if the job itself runs under a higher number. */
  readonly fence?: JobFence;
}

export interface StoppedJob {
  readonly state: 'never-started' | 'ended' | 'stopped';
  readonly starts: number;
}

/** The remote jobs of one host. Every call may be repeated; a lost answer is `Unavailable`. */
export interface RemoteJobs {
  /**
   * Starts the job unless it was started before, and returns its state.
   *
   * @throws `PreconditionFailed` if it was stopped before it began, if a newer run holds a resource of its fence, or if
   * the host lacks a tool; `ResourceFailed` if a job of an older run cannot be ended.
   */
  startOrAttach(start: JobStart, options?: JobWaitOptions): Promise<JobState>;
  /** How the job is. One command that changes nothing. */
  poll(key: string, options?: JobWaitOptions): Promise<JobState>;
  /** Ends the job if it runs, and keeps it from ever being started under this key. */
  stop(key: string, options: StopOptions): Promise<StoppedJob>;
  /** Forgets jobs that have not changed for this many days; running ones stay. */
  sweep(keepDays: number): Promise<void>;
}

/** How long a job of an older run gets between TERM and KILL when a newer run fences it off. */
const fenceGraceMs = 10_000;
const lockWaitMs = 30_000;
const killWaitMs = 5_000;

/** The jobs of a host, in its reference's jobs directory. */
export function createRemoteJobs(host: Host): RemoteJobs {
  const { directory } = host.ref.jobs;
  const target = `host/${host.ref.name}`;

  async function ask(name: keyof typeof jobScripts, command: ShellText, timeoutMs: number, signal?: AbortSignal) {
    const { stdout, stderr } = await host.run(command, { timeoutMs, signal });
    const refusal = /^(?:starts \d+\n)?refused (\S+) ?(.*)\n$/.exec(stdout);
    if (refusal) throw refused(name, refusal[1] ?? '', refusal[2] ?? '', stderr);
    return stdout;
  }

  function refused(name: string, why: string, what: string, stderr: string): Error {
    const details = { target, operation: `ssh.job.${name}`, ...(stderr ? { stderrTail: stderr.slice(-2000) } : {}) };
    const on = host.ref.name;
    const cause = stderr.trim().split('\n').at(-1) ?? '';
    switch (why) {
      case 'missing':
        return what.startsWith('/')
          ? fail('PreconditionFailed', `${on} has no ${what}: remote jobs need a Linux host`, details)
          : fail('PreconditionFailed', `${on} has no ${what}; install the package util-linux there`, details);
      case 'tombstone':
        return fail(
          'PreconditionFailed',
          `${on}: this job was stopped before it began, and is not started any more`,
          details,
        );
      case 'newer':
        return fail(
          'PreconditionFailed',
          `${on}: a newer run holds the lock (fencing number ${what}); nothing was done`,
          details,
        );
      case 'busy':
        return fail('Unavailable', `${on}: the jobs' lock was not free within ${lockWaitMs / 1000} s`, details);
      case 'undead':
        return fail('ResourceFailed', `${on}: processes of job ${what} live on after KILL. See: ps -ef there`, details);
      case 'record':
        return fail(
          'ResourceFailed',
          `${on}: the record of job ${what} names no process; nothing was signalled`,
          details,
        );
      case 'launch':
        return fail('Unavailable', `${on}: the job's launcher ended before it began: ${cause}`, details);
      default:
        return fail('PreconditionFailed', `${on}: cannot use the jobs directory ${what}: ${cause}`, details);
    }
  }

  return {
    async startOrAttach({ key, command, fence, alreadyStarted, title = '' }, { signal, waitMs = 0 } = {}) {
      const separator = randomUUID();
      const lock = fence ? [fileName(fence.scope), fence.number, ...fence.resources.map(fileName)] : ['-', 0];
      const script = sh`sh -c ${jobScripts.start} start ${directory} ${checked(key)} ${separator} ${waitMs / 1000} ${alreadyStarted ? 1 : 0} ${title} ${command.text} ${jobScripts.launcher} ${tenths(fenceGraceMs)} ${lock}`;
      const timeoutMs = 2 * lockWaitMs + fenceGraceMs + killWaitMs + waitMs;
      return parseJobState(await ask('start', script, timeoutMs, signal), separator, host.ref.name);
    },

    async poll(key, { signal, waitMs = 0 } = {}) {
      const separator = randomUUID();
      const script = sh`sh -c ${jobScripts.poll} poll ${directory} ${checked(key)} ${separator} ${waitMs / 1000}`;
      return parseJobState(await ask('poll', script, 15_000 + waitMs, signal), separator, host.ref.name);
    },

    async stop(key, { graceMs, signal, fence }) {
      const script = sh`sh -c ${jobScripts.stop} stop ${directory} ${checked(key)} ${tenths(graceMs)} ${fence?.number ?? '-'}`;
      const answer = await ask('stop', script, lockWaitMs + graceMs + 2 * killWaitMs, signal);
      const match = /^starts (\d+)\n(never-started|ended|stopped)$/m.exec(answer);
      if (!match) throw unreadable(answer, host.ref.name);
      return { state: match[2] as StoppedJob['state'], starts: Number(match[1]) };
    },

    async sweep(keepDays) {
      await ask('sweep', sh`sh -c ${jobScripts.sweep} sweep ${directory} ${keepDays}`, 2 * lockWaitMs);
    },
  };
}

function checked(key: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(key)) return key;
  throw fail(
    'InvalidInput',
    `job key ${JSON.stringify(key)}: expected up to 128 letters, digits, dots, dashes, underscores`,
  );
}

/** A resource path as one file name without any sign that the shell would expand. */
function fileName(path: string): string {
  return path.replace(/[^A-Za-z0-9_-]/g, (char) => `%${Buffer.from(char).toString('hex')}`);
}

function tenths(ms: number): number {
  return Math.ceil(ms / 100);
}
