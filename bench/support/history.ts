import { type WorkflowHandle } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { type temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;

/** An activity, as the history of its run has it. All times in epoch ms. */
export interface Recorded {
  readonly type: string;
  readonly scheduledAt: number;
  /** Of the last attempt; null: none has come to its end. */
  readonly startedAt: number | null;
  readonly completedAt: number | null;
}

/** The activities of a run, in the order in which they were scheduled. */
export async function activitiesOf(run: WorkflowHandle): Promise<readonly Recorded[]> {
  const events = (await run.fetchHistory()).events ?? [];
  const at = (event: Event | undefined) => (event ? (optionalTsToMs(event.eventTime) ?? null) : null);
  const of = (pick: (event: Event) => Long | null | undefined) =>
    new Map(events.flatMap((event) => (pick(event) ? [[String(pick(event)), event] as const] : [])));
  const started = of((event) => event.activityTaskStartedEventAttributes?.scheduledEventId);
  const completed = of((event) => event.activityTaskCompletedEventAttributes?.scheduledEventId);
  return events.flatMap((event) => {
    const type = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (!type) return [];
    const id = String(event.eventId);
    return [
      { type, scheduledAt: at(event) ?? NaN, startedAt: at(started.get(id)), completedAt: at(completed.get(id)) },
    ];
  });
}
