import { type temporal } from '@temporalio/proto';
import { definitionOf, isActionName } from '../../workflows/contract/actions';

/** What was sent at the very end of an attempt may take this long to arrive. */
const graceMs = 2000;

/**
 * The moment after which no change of this run can land any more, from its history; null if none is in flight.
 *
 * An attempt may have started until the run ended and may take its start-to-close time. Looks, messages and jobs do
 * not count: a job that is launched late finds the tombstone of its key.
 */
export function lastLandingOf(history: temporal.api.history.v1.IHistory, nowMs: number): number | null {
  const inFlight = new Map<string, number>();
  let endedAtMs = nowMs;
  for (const event of history.events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const action = scheduled.activityType?.name ?? '';
      if (isActionName(action) && lands(action))
        inFlight.set(String(event.eventId), Number(scheduled.startToCloseTimeout?.seconds ?? 0) * 1000);
    }
    const ended =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    if (ended) inFlight.delete(String(ended.scheduledEventId));
    // A timed-out attempt may still be at work: it counts as in flight.
    if (event.workflowExecutionTerminatedEventAttributes ?? event.workflowExecutionTimedOutEventAttributes)
      endedAtMs = Number(event.eventTime?.seconds ?? 0) * 1000 + 1000;
  }
  if (inFlight.size === 0) return null;
  return endedAtMs + Math.max(...inFlight.values()) + graceMs;
}

function lands(action: Parameters<typeof definitionOf>[0]): boolean {
  const { effect, profile } = definitionOf(action);
  return effect === 'change' && profile !== 'job' && profile !== 'notify';
}
