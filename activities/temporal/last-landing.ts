import { fromPayloadsAtIndex, defaultPayloadConverter } from '@temporalio/common';
import { type temporal } from '@temporalio/proto';
import { type ActionName, definitionOf, isActionName } from '../../workflows/contract/actions';
import { type Call } from '../../workflows/contract/calls';
import { type LastLanding } from '../../workflows/contract/companions';

/** What was sent at the very end of an attempt may take this long to arrive. */
const graceMs = 2000;

interface Change {
  readonly target: string;
  /** It leads back: landing late, it changes nothing that is not wanted. */
  readonly closes: boolean;
  readonly startToCloseMs: number;
  /** Epoch ms until which it may land; null: it cannot any more. */
  landsUntil: number | null;
}

/**
 * Until when changes of this run may still land, from its history.
 *
 * An attempt may land until its start-to-close time is over, whether or not it was given up by then: those count that
 * were given up, or ended without an answer of what they act on, and those under way. Looks, messages and jobs do not
 * count: a job that is launched late finds the tombstone of its key.
 */
export function lastLandingOf(history: temporal.api.history.v1.IHistory, nowMs: number): LastLanding {
  const changes = new Map<string, Change>();
  const underWay = new Set<Change>();
  let endedAtMs = nowMs;
  for (const event of history.events ?? []) {
    const atMs = Number(event.eventTime?.seconds ?? 0) * 1000 + 1000;
    const scheduled = event.activityTaskScheduledEventAttributes;
    const change = scheduled && changeOf(scheduled);
    if (change) {
      changes.set(String(event.eventId), change);
      underWay.add(change);
    }
    const started = event.activityTaskStartedEventAttributes;
    const begun = started && changes.get(String(started.scheduledEventId));
    if (begun) begun.landsUntil = isDoubtful(started.lastFailure) ? atMs + begun.startToCloseMs + graceMs : null;
    const completed = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes;
    const cutShort = event.activityTaskTimedOutEventAttributes ?? event.activityTaskCanceledEventAttributes;
    const ended = changes.get(String((completed ?? failed ?? cutShort)?.scheduledEventId));
    if (ended) underWay.delete(ended);
    if (ended && (cutShort || isDoubtful(failed?.failure))) ended.landsUntil = atMs + ended.startToCloseMs + graceMs;
    if (endOf(event)) endedAtMs = atMs;
  }
  for (const change of underWay) change.landsUntil = endedAtMs + change.startToCloseMs + graceMs;
  return latest([...changes.values()], nowMs);
}

function changeOf(scheduled: temporal.api.history.v1.IActivityTaskScheduledEventAttributes): Change | null {
  const action = scheduled.activityType?.name ?? '';
  if (!isActionName(action) || !lands(action)) return null;
  const argument = (index: number) =>
    scheduled.input?.payloads?.[index] && fromPayloadsAtIndex(defaultPayloadConverter, index, scheduled.input.payloads);
  return {
    target: definitionOf(action).target(argument(0)),
    closes: (argument(1) as Call | undefined)?.guard?.for === 'close',
    startToCloseMs: Number(scheduled.startToCloseTimeout?.seconds ?? 0) * 1000,
    landsUntil: null,
  };
}

/** Whether an attempt that failed so may still be at work: nobody has said that it did not act. */
function isDoubtful(failure: temporal.api.failure.v1.IFailure | null | undefined): boolean {
  if (!failure) return false;
  const type = failure.applicationFailureInfo?.type;
  return type === 'Unavailable' || type === 'UnknownOutcome' || !type;
}

function lands(action: ActionName): boolean {
  const { effect, profile } = definitionOf(action);
  return effect === 'change' && profile !== 'job' && profile !== 'notify';
}

function endOf(event: temporal.api.history.v1.IHistoryEvent): object | null | undefined {
  return (
    event.workflowExecutionTerminatedEventAttributes ??
    event.workflowExecutionTimedOutEventAttributes ??
    event.workflowExecutionFailedEventAttributes ??
    event.workflowExecutionCanceledEventAttributes ??
    event.workflowExecutionCompletedEventAttributes
  );
}

function latest(changes: readonly Change[], nowMs: number): LastLanding {
  const targets: Record<string, number> = {};
  let any: number | null = null;
  for (const { target, closes, landsUntil } of changes) {
    if (landsUntil === null) continue;
    if (landsUntil > nowMs) any = Math.max(any ?? 0, landsUntil);
    if (!closes) targets[target] = Math.max(targets[target] ?? 0, landsUntil);
  }
  return { any, targets };
}
