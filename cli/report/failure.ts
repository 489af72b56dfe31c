import { type temporal } from '@temporalio/proto';
import { type FailureDetails } from '../../workflows/contract/failures';
import { type AbortRequest, messages } from '../../workflows/contract/messages';
import { decode, eventsOf, type History } from './history';

/** Why a run did not complete. */
export interface FailureReport {
  /** One of the failure types, or `Cancelled`, `Terminated`, `TimedOut`; `Error` is a bug. */
  readonly type: string;
  readonly message: string;
  /** Title of the step that failed. */
  readonly step: string | null;
}

type Failure = temporal.api.failure.v1.IFailure;

/** The end of the run in words; null for one that completed or still runs. */
export function failureOf(
  history: History,
  steps: readonly { readonly title: string; readonly state: string }[],
): FailureReport | null {
  const end = eventsOf(history).at(-1);
  const { workflowExecutionFailedEventAttributes: failed, workflowExecutionTerminatedEventAttributes: terminated } =
    end ?? {};
  if (failed) return explained(failed.failure ?? {}, lastFailed(steps));
  if (end?.workflowExecutionCanceledEventAttributes) {
    const abort = abortOf(history);
    const message = abort ? `aborted by ${abort.who}: ${abort.why}` : 'cancelled';
    return { type: 'Cancelled', message, step: lastFailed(steps) };
  }
  if (terminated)
    return { type: 'Terminated', message: terminated.reason || 'terminated', step: lastUnfinished(steps) };
  if (end?.workflowExecutionTimedOutEventAttributes)
    return { type: 'TimedOut', message: 'the run was out of time', step: lastUnfinished(steps) };
  return null;
}

function explained(failure: Failure, step: string | null): FailureReport {
  const { applicationFailureInfo: info, message } = outermostOfOurs(failure);
  const details = decode(info?.details?.payloads?.[0]) as FailureDetails | undefined;
  return { type: info?.type || 'Error', message: message ?? '', step: details?.step ?? step };
}

/** The outermost failure with a type of ours: wrappers around it say only that an activity or child failed. */
function outermostOfOurs(failure: Failure): Failure {
  if (failure.applicationFailureInfo || !failure.cause) return failure;
  return outermostOfOurs(failure.cause);
}

/** Who asked for the end of the run, by the update that the run accepted. */
function abortOf(history: History): AbortRequest | undefined {
  for (const event of eventsOf(history)) {
    const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
    if (request?.input?.name === messages.abort) return decode(request.input.args?.payloads?.[0]) as AbortRequest;
  }
  return undefined;
}

const lastFailed = (steps: readonly { title: string; state: string }[]) =>
  steps.findLast(({ state }) => state === 'failed')?.title ?? null;
const lastUnfinished = (steps: readonly { title: string; state: string }[]) =>
  steps.findLast(({ state }) => state !== 'done' && state !== 'skipped')?.title ?? null;
