import { setTimeout as sleep } from 'node:timers/promises';
import { fail, failureTypeOf } from '../failures';
import { type FinishedJob, type JobProgress, type JobStart, type JobState, type RemoteJobs } from './jobs';

/** What a follower knows at a poll. */
export interface FollowedJob {
  /** Whether the host has said so: keep it in the heartbeat, it is `alreadyStarted` for the next attempt. */
  readonly started: boolean;
  readonly starts: number;
  readonly progress?: JobProgress;
  /** How long the host has not answered; what is told besides is from before. */
  readonly unreachableMs?: number;
}

export interface FollowOptions {
  /** Ends the following, not the job: `followJob` throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called with each answer and every `pollMs`, also while the host is silent: the place to heartbeat. Must not throw. */
  readonly onProgress?: (job: FollowedJob) => void;
  /** The host tells how the job is this often, and of its end at once. @default 1000 */
  readonly pollMs?: number;
  /** A host may be silent this long before `Unavailable` is thrown. @default 60 000 */
  readonly toleranceMs?: number;
  /** Asked while the host is silent: true for one that is switched off, whose jobs have ended with it. @default false */
  readonly isOff?: () => Promise<boolean>;
}

/** Between two tries; twice as long each time, up to `pollMs`. */
const firstPauseMs = 25;

/**
 * Starts a job or attaches to it, and returns when it has finished, with whatever exit code.
 *
 * Never stops the job, whatever ends the following. To be called again with the same key after any failure.
 * @throws `UnknownOutcome` if the job is lost or its host is off, `Unavailable` if the host stays silent, and as `startOrAttach`.
 */
export async function followJob(jobs: RemoteJobs, start: JobStart, options: FollowOptions = {}): Promise<FinishedJob> {
  const { signal, onProgress = () => undefined, pollMs = 1_000, toleranceMs = 60_000, isOff } = options;
  let pauseMs = firstPauseMs;
  let known: FollowedJob = { started: start.alreadyStarted, starts: 0 };
  let attached = false;
  let silent = false;
  let answeredAt = performance.now();
  const silentMs = () => Math.round(performance.now() - answeredAt);
  const tell = () => onProgress(silent ? { ...known, unreachableMs: silentMs() } : known);
  // A single call may take longer than the caller's heartbeat allows.
  const ticker = setInterval(tell, pollMs);
  try {
    for (;;) {
      const askedAt = performance.now();
      try {
        const state: JobState = attached
          ? await jobs.poll(start.key, { signal, waitMs: pollMs })
          : await jobs.startOrAttach({ ...start, alreadyStarted: known.started }, { signal, waitMs: pollMs });
        attached = true;
        silent = false;
        answeredAt = performance.now();
        if (state.state === 'finished') return state;
        if (state.state !== 'running') throw lost(start, state.state === 'lost' ? state.why : 'its directory is gone');
        known = { started: true, starts: state.starts, progress: state.progress };
        tell();
      } catch (error) {
        signal?.throwIfAborted();
        if (failureTypeOf(error) !== 'Unavailable') throw error;
        // Asked again and again it would be waited for until somebody switches the host on.
        if (await isOff?.()) throw lost(start, 'its host is off');
        if (silentMs() > toleranceMs) throw error;
        silent = true;
      }
      // The host has not waited, or could not be asked.
      const restMs = Math.min(pauseMs, pollMs) - (performance.now() - askedAt);
      if (restMs > 0) await sleep(restMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
      pauseMs *= 2;
    }
  } finally {
    clearInterval(ticker);
  }
}

function lost(start: JobStart, why: string): Error {
  const what = start.title ?? start.key;
  return fail('UnknownOutcome', `${what}: the job is lost: ${why}. Look at what it has done before you start it anew`, {
    operation: 'ssh.job.follow',
  });
}
