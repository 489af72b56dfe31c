import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/common';
import { type FailureDetails, type FailureType } from '../contract/failures';

/**
 * Ends a run: `throw fail('PreconditionFailed', 'production is already down; ...')`.
 *
 * The message names the thing, its state, what was wanted and the next move.
 */
export function fail(
  type: FailureType,
  message: string,
  details: FailureDetails = {},
  cause?: unknown,
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    details: [details],
    cause: cause instanceof Error ? cause : undefined,
  });
}

/** The `ApplicationFailure` inside what an activity or a child workflow threw, if there is one. */
export function applicationFailure(error: unknown): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) return applicationFailure(error.cause);
  return undefined;
}

export function failureDetails(error: unknown): FailureDetails {
  return (applicationFailure(error)?.details?.[0] as FailureDetails | undefined) ?? {};
}

/** Whether the failure says that this run's guard does not stand behind it, so that it may change nothing. */
export const unguarded = 'guard';
export function isUnguarded(error: unknown): boolean {
  return failureDetails(error).operation === unguarded;
}

/** Whether the failure says that this run is a reset of the one the lock was granted to. */
export function isOfReset(error: unknown): boolean {
  return failureDetails(error).operation === 'reset';
}

/** Whether the failure says no more than that a close was left to the guard. */
export const leftToGuard = 'left to guard';
export function isLeftToGuard(error: unknown): boolean {
  return failureDetails(error).operation === leftToGuard;
}

/** A step's failure, as the run ends with it: which step, what went wrong, and what to do. */
export function stepFailure(step: string, effect: 'read' | 'change', error: unknown): ApplicationFailure {
  const inner = applicationFailure(error);
  if (inner) {
    const details = failureDetails(inner);
    // A failure that passes several steps on its way out keeps the innermost.
    if (details.step) return inner;
    const message = inner.message.startsWith(`${step}: `) ? inner.message : `${step}: ${inner.message}`;
    return fail(inner.type as FailureType, message, { ...details, step }, inner);
  }
  if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) {
    const last = error.cause.cause;
    return fail(
      effect === 'read' ? 'Unavailable' : 'UnknownOutcome',
      `${step}: no attempt succeeded in time${last instanceof Error ? ` (last: ${last.message})` : ''}; ` +
        (effect === 'read' ? 'nothing was changed' : 'look whether it has happened before doing it by hand'),
      { step },
      error,
    );
  }
  return fail('UnknownOutcome', `${step}: ${error instanceof Error ? error.message : String(error)}`, { step }, error);
}
