import { type ApplicationFailure } from '@temporalio/common';
import { fail, failureDetailsOf, failureTypeOf } from '../failures';
import { type Clock } from './clock';

/** What one look at a thing means for whoever waits for it. */
export type Verdict =
  | { readonly is: 'ready' }
  | { readonly is: 'pending' }
  | { readonly is: 'gone' }
  | { readonly is: 'failed'; readonly failure: ApplicationFailure };

export interface WaitOptions<V> {
  readonly signal?: AbortSignal;
  /** Called with what was last seen, each time it is not yet what was wanted: heartbeat here. */
  readonly onPending?: (view: V) => void;
}

export interface Wait<V> extends WaitOptions<V> {
  /** What is waited for: `server/backup`. */
  readonly target: string;
  /** The state waited for, in words: `ACTIVE`. */
  readonly wanted: string;
  /** What to type to look at it. */
  readonly see: string;
  readonly look: (options: { readonly signal?: AbortSignal; readonly timeoutMs: number }) => Promise<V>;
  readonly judge: (view: V) => Verdict | Promise<Verdict>;
  /** The state in words. */
  readonly stateOf: (view: V) => string;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

const firstPauseMs = 250;
const longestPauseMs = 2_000;
/** The last look is given this long even when time is up: it may be the one that sees it. */
const shortestLookMs = 2_000;

/**
 * Looks again and again, every 0.25 s growing to 2 s, until the thing is what was wanted, and returns what it saw.
 *
 * A service that is away or asks us to slow down counts as pending: not seeing a thing says nothing about it.
 * @throws the verdict's failure; `NotFound` when the thing is gone; `Unavailable` when time runs out, with the last
 * thing seen; the signal's reason.
 */
export async function waitFor<V>(wait: Wait<V>): Promise<V> {
  const { clock, deadlineMs, signal } = wait;
  const startedMs = clock.now();
  let seen: V | undefined;

  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    let verdict: Verdict;
    let obstacle: unknown;
    try {
      seen = await wait.look({ signal, timeoutMs: Math.max(shortestLookMs, deadlineMs - clock.now()) });
      verdict = await wait.judge(seen);
    } catch (error) {
      verdict = verdictOn(error);
      obstacle = error;
    }
    if (verdict.is === 'ready' && seen !== undefined) return seen;
    if (verdict.is === 'failed') throw verdict.failure;
    if (verdict.is === 'gone') throw gone(wait, obstacle);
    if (seen !== undefined) wait.onPending?.(seen);

    const leftMs = deadlineMs - clock.now();
    if (leftMs <= 0) throw outOfTime(wait, seen, clock.now() - startedMs, obstacle);
    await clock.sleep(Math.min(Math.max(pauseMs, failureDetailsOf(obstacle).retryAfterMs ?? 0), leftMs), signal);
  }
}

function verdictOn(error: unknown): Verdict {
  const type = failureTypeOf(error);
  if (type === 'NotFound') return { is: 'gone' };
  if (type === 'Unavailable' || type === 'RateLimited') return { is: 'pending' };
  throw error;
}

function gone<V>({ target, wanted, see }: Wait<V>, cause: unknown): ApplicationFailure {
  return fail('NotFound', `${inWords(target)} is gone; wanted ${wanted}. See: ${see}`, { target }, cause);
}

function outOfTime<V>(wait: Wait<V>, seen: V | undefined, waitedMs: number, cause: unknown): ApplicationFailure {
  const { target, wanted, see } = wait;
  const state = seen === undefined ? 'could not be seen' : `is ${wait.stateOf(seen)}`;
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  const message = `${inWords(target)} ${state} after ${Math.round(waitedMs / 1000)} s${why}; wanted ${wanted}. See: ${see}`;
  return fail('Unavailable', message, { target }, cause);
}

const inWords = (target: string) => target.replace('/', ' ');
