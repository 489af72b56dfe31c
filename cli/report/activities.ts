import { type ActionName } from '../../workflows/contract/actions';
import { type Call } from '../../workflows/contract/calls';
import { actionBehind } from '../../workflows/contract/each';
import { decode, decodeAll, eventsOf, type History, instantOf, summaryOf } from './history';

/** An activity as its history tells it. */
export interface ActivityRecord {
  readonly activityId: string;
  /** The activity type. */
  readonly type: string;
  /** The action it carried out, once or on many, or described; null for what a run does besides actions. */
  readonly action: ActionName | null;
  readonly title: string;
  readonly args: readonly unknown[];
  readonly scheduledAt: string;
  /** Start of the attempt that ended it, or null. */
  readonly startedAt: string | null;
  readonly attempts: number;
  readonly state: 'running' | 'done' | 'failed' | 'skipped';
  readonly endedAt: string | null;
  readonly output: unknown;
}

type Draft = { -readonly [K in keyof ActivityRecord]: ActivityRecord[K] };

/** Every activity of a history, in the order of scheduling. */
export function activitiesOf(history: History): readonly ActivityRecord[] {
  const drafts = new Map<string, Draft>();
  const end = (scheduledEventId: unknown, state: Draft['state'], at: string | null, output?: unknown) => {
    const draft = drafts.get(String(scheduledEventId));
    if (draft) Object.assign(draft, { state, endedAt: at, output });
  };
  for (const event of eventsOf(history)) {
    const at = instantOf(event.eventTime);
    const scheduled = event.activityTaskScheduledEventAttributes;
    const started = event.activityTaskStartedEventAttributes;
    const completed = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    const cancelled = event.activityTaskCanceledEventAttributes;
    if (scheduled) {
      const { activityId, activityType, input } = scheduled;
      drafts.set(String(event.eventId), {
        ...whatItDoes(activityType?.name ?? '', decodeAll(input), summaryOf(event)),
        activityId: activityId ?? '',
        scheduledAt: at ?? '',
        startedAt: null,
        attempts: 0,
        state: 'running',
        endedAt: null,
        output: undefined,
      });
    } else if (started) {
      const draft = drafts.get(String(started.scheduledEventId));
      if (draft) Object.assign(draft, { startedAt: at, attempts: started.attempt ?? 1 });
    } else if (completed) end(completed.scheduledEventId, 'done', at, decode(completed.result?.payloads?.[0]));
    else if (failed) end(failed.scheduledEventId, 'failed', at);
    else if (cancelled)
      // Called off before any worker took it: nothing was tried.
      end(cancelled.scheduledEventId, Number(cancelled.startedEventId ?? 0) > 0 ? 'failed' : 'skipped', at);
  }
  return [...drafts.values()];
}

/**
 * A plan's descriptions are one activity type; the action is their first argument. The title in the
 * call is never cut; of a description the summary says that it was none of the real thing.
 */
function whatItDoes(type: string, args: readonly unknown[], summary: string | undefined) {
  const describes = type === 'describeAction';
  const name = describes ? String(args[0]) : type;
  const own = describes ? args.slice(1) : args;
  const call = own[1] as Partial<Call> | undefined;
  return {
    type,
    action: actionBehind(name),
    title: (describes ? summary : call?.title) ?? summary ?? name,
    args: own,
  };
}
