import { ApplicationFailure } from '@temporalio/common';
import { type FailureDetails, type FailureType, failureTypes } from '../workflows/contract/failures';

/**
 * Makes the one kind of error this project throws: `throw fail('NotFound', 'server backup does not exist; ...', {...})`.
 *
 * The message names the thing, its state, what was wanted and the next move. The failure never sets `nonRetryable`:
 * whether it is retried is decided by the profile of the action.
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
    nextRetryDelay: details.retryAfterMs,
  });
}

/** The failure's type if it is one of ours, else undefined. */
export function failureTypeOf(error: unknown): FailureType | undefined {
  if (!(error instanceof ApplicationFailure) || !error.type) return undefined;
  return error.type in failureTypes ? (error.type as FailureType) : undefined;
}

/** The details of a failure made by `fail`, or an empty object. */
export function failureDetailsOf(error: unknown): FailureDetails {
  return error instanceof ApplicationFailure ? ((error.details?.[0] as FailureDetails | undefined) ?? {}) : {};
}
