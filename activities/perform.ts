import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { type Client } from '@temporalio/client';
import { type ActionName, definitionOf } from '../workflows/contract/actions';
import { type Call, type Description } from '../workflows/contract/calls';
import { type Outcome } from '../workflows/contract/each';
import { parseWith, problemsText } from '../workflows/contract/problems';
import { type NotificationKind } from '../workflows/contract/actions/notify';
import { type NotifyTarget } from '../workflows/contract/site';
import { fail } from './failures';
import { requireGuard } from './guarded';
import { type ActionContext, type Implementations, type Progress } from './implementation';

/** Sends one message to people. */
export type Tell = (
  targets: readonly NotifyTarget[],
  message: { kind: NotificationKind; site: string; run: string; text: string },
) => Promise<void>;

/** What an activity's heartbeat says; read by the next attempt and by who watches the run. */
export interface HeartbeatDetails {
  readonly progress?: Progress;
  readonly jobStarted?: boolean;
  /** What became of looks of a slice, each with its place in it. */
  readonly looked?: readonly (readonly [number, Outcome])[];
}

/** What an activity says with its heartbeats, from attempt to attempt. */
export interface Memory {
  readonly earlier: HeartbeatDetails;
  /** Said with the next heartbeat, beside what was said before. */
  keep(details: HeartbeatDetails): void;
}

export interface Environment {
  readonly client: Client;
  readonly tell: Tell;
}

export type Carry = (input: unknown, context: ActionContext) => Promise<unknown>;

const heartbeatMs = 1000;
/** An attempt ends itself this much before the server gives it up, so that it can say why. */
const marginMs = 1000;
/** A job whose host could not be reached in this many attempts, at most 10 s apart, is given up: after about half an hour. */
const mostJobAttempts = 120;

/** Makes the activity that carries an action out. */
export function perform(action: ActionName, implementations: Implementations, environment: Environment) {
  const carry = implementations[action].do as Carry;
  return async (rawInput: unknown, call: Call): Promise<unknown> => {
    const definition = definitionOf(action);
    const input = parse(action, rawInput);
    // A change that has begun is finished although the run is cancelled: its close must not look too early.
    const cancellable = definition.effect === 'read' || definition.profile === 'job' || definition.cancellable === true;
    return await attempt(call, cancellable, async (context) => {
      // People are told also by a run that may change nothing.
      if (definition.profile !== 'notify')
        await requireGuard(environment.client, call, Context.current().info.workflowExecution ?? call);
      try {
        const output = definition.output.parse(await carry(input, context));
        await tellOfClose(environment.tell, context, null);
        return output;
      } catch (error) {
        await tellOfClose(environment.tell, context, error);
        throw failureOfAttempt(action, call, context.attempt, error);
      }
    });
  };
}

/** Makes the activity that describes actions for plans. */
export function describeWith(implementations: Implementations) {
  return async (action: ActionName, rawInput: unknown, call: Call): Promise<Description<unknown>> => {
    const { describe } = implementations[action];
    if (!describe)
      throw fail(
        'PreconditionFailed',
        `${call.title}: cannot be planned, because what it looks at is changed before it`,
        {
          operation: action,
        },
      );
    const input = parse(action, rawInput);
    return await attempt(call, true, (context) =>
      (describe as (input: unknown, context: ActionContext) => Promise<Description<unknown>>)(input, context),
    );
  };
}

export function parse(action: ActionName, input: unknown): unknown {
  const parsed = parseWith(definitionOf(action).input, input);
  if (parsed.ok) return parsed.value;
  throw fail('InvalidInput', `input of ${action}: ${problemsText(parsed.problems)}`, { operation: action });
}

/** One attempt: heartbeats, deadline, and foreign errors translated. */
export async function attempt<T>(
  call: Call,
  cancellable: boolean,
  carry: (context: ActionContext, memory: Memory) => Promise<T>,
): Promise<T> {
  const activity = Context.current();
  const { startToCloseTimeoutMs, attempt: number } = activity.info;
  const earlier = (activity.info.heartbeatDetails ?? {}) as HeartbeatDetails;
  let details = earlier;
  const jobStarted = earlier.jobStarted === true;
  const beat = () => activity.heartbeat(details);
  const beating = setInterval(beat, heartbeatMs);
  const deadline = new AbortController();
  const leftMs = startToCloseTimeoutMs - marginMs;
  const out = setTimeout(() => deadline.abort(), leftMs);
  const signal = cancellable ? AbortSignal.any([activity.cancellationSignal, deadline.signal]) : deadline.signal;
  try {
    const context: ActionContext = {
      call,
      signal,
      deadlineMs: Date.now() + leftMs,
      attempt: number,
      jobStarted,
      progress: (progress) => {
        details = { ...details, progress };
      },
      markJobStarted: () => {
        details = { ...details, jobStarted: true };
        beat();
      },
    };
    return await carry(context, { earlier, keep: (more) => (details = { ...details, ...more }) });
  } catch (error) {
    if (cancellable && activity.cancellationSignal.aborted)
      throw new CancelledFailure(`${call.title}: cancelled`, [], error as Error);
    if (deadline.signal.aborted)
      throw fail(
        'Unavailable',
        `${call.title}: no answer within ${Math.round(leftMs / 1000)} s${error instanceof Error ? ` (${error.message})` : ''}`,
        {},
        error,
      );
    if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error;
    throw fail(
      'UnknownOutcome',
      `${call.title}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      {},
      error,
    );
  } finally {
    clearInterval(beating);
    clearTimeout(out);
  }
}

async function tellOfClose(tell: Tell, { call, attempt: number }: ActionContext, error: unknown): Promise<void> {
  const notice = noticeOfClose(call, number, error);
  // Nothing that is said may keep the way back from being gone.
  if (notice) await tell(call.alarm, { ...notice, site: call.site, run: call.workflowId }).catch(() => undefined);
}

/** The error of an attempt, or, of a job whose host has been away for too long, one that ends it. */
export function failureOfAttempt(action: ActionName, call: Call, number: number, error: unknown): unknown {
  if (definitionOf(action).profile !== 'job' || number < mostJobAttempts) return error;
  return fail(
    'UnknownOutcome',
    `${call.title}: given up after ${number} attempts: ${error instanceof Error ? error.message : String(error)}. The job ` +
      'may still run on its host; it is stopped when the host can be reached',
    {},
    error,
  );
}

/**
 * What people are told of an attempt to close something; null: nothing.
 *
 * From the third failure on, and then at doubling intervals; and once when it succeeds after all.
 * @param error null: the attempt has succeeded
 */
export function noticeOfClose(
  call: Call,
  number: number,
  error: unknown,
): { kind: 'alarm' | 'recovered'; text: string } | null {
  if (call.alarm.length === 0 || number < 3) return null;
  const kind = error === null ? (number > 3 ? 'recovered' : null) : isAlarming(number) ? 'alarm' : null;
  if (!kind) return null;
  const text =
    kind === 'recovered'
      ? `${call.title}: succeeded at attempt ${number}`
      : `${call.title}: attempt ${number} has failed: ${error instanceof Error ? error.message : String(error)}. It is tried again until it succeeds; what is outside stays as it is. Repair it by hand: the next attempt sees it`;
  return { kind, text };
}

/** 3, 6, 12, 24, ... */
function isAlarming(number: number): boolean {
  return number % 3 === 0 && Number.isInteger(Math.log2(number / 3));
}
