import { type temporal } from '@temporalio/proto';
import { eventsOf, type History, type HistoryEvent, instantOf } from '../../cli/report/history';

/**
 * A moment of a run, known by what happens and not by a number, so that it is the same in every run of a runbook.
 *
 * - `begins`: the activity's task is on its way to the worker; nothing has been done.
 * - `runs`: the worker has the task; `afterMs` later, or when its answer is on the way.
 * - `answers`: it has acted; its answer is on the way to the server.
 * - `decides`: the workflow has seen `name` and made up its mind; its commands are on the way to the server.
 */
export interface Moment {
  /** Place in the list of moments, from 1. */
  readonly id: number;
  readonly edge: Edge;
  /** An activity type, or what the workflow hears of: see `causeOf`. */
  readonly name: string;
  /** The n-th of that name, from 1. */
  readonly nth: number;
  /** From the start of the recorded run. */
  readonly atMs: number;
  /** How long the activity took in the recorded run; 0 for `decides`. */
  readonly tookMs: number;
}

export type Edge = 'begins' | 'runs' | 'answers' | 'decides';

type Activity = { readonly name: string; readonly nth: number; startedAt: number };

/** Every moment of a recorded run, in order: a changed runbook has other moments by itself. */
export function momentsOf(history: History): readonly Moment[] {
  const startedAt = atOf(eventsOf(history)[0]);
  const count = new Counter();
  const activities = new Map<string, Activity>();
  const moments: Omit<Moment, 'id'>[] = [];
  /** What happened since the last workflow task began, the newest last. */
  let causes: { readonly name: string; readonly nth: number }[] = [];
  for (const event of eventsOf(history)) {
    const at = atOf(event) - startedAt;
    const scheduled = event.activityTaskScheduledEventAttributes;
    const started = event.activityTaskStartedEventAttributes;
    const ended = endOf(event);
    const cause = causeOf(event, (id) => activities.get(id)?.name ?? '');
    if (scheduled) {
      const name = scheduled.activityType?.name ?? '';
      const activity = { name, nth: count.next(`activity ${name}`), startedAt: at };
      activities.set(String(event.eventId), activity);
      moments.push({ edge: 'begins', name, nth: activity.nth, atMs: at, tookMs: 0 });
    }
    const activity = activities.get(String((started ?? ended)?.scheduledEventId));
    if (activity && started) activity.startedAt = at;
    if (activity && ended) {
      const { name, nth } = activity;
      const tookMs = at - activity.startedAt;
      moments.push({ edge: 'runs', name, nth, atMs: activity.startedAt, tookMs });
      moments.push({ edge: 'answers', name, nth, atMs: at, tookMs });
    }
    if (cause) causes.push({ name: cause, nth: count.next(cause) });
    if (event.workflowTaskCompletedEventAttributes) {
      const last = causes.at(-1);
      if (last) moments.push({ edge: 'decides', ...last, atMs: at, tookMs: 0 });
      causes = [];
    }
  }
  const inOrder = [...moments].sort((a, b) => a.atMs - b.atMs);
  return inOrder.map((moment, index) => ({ id: index + 1, ...moment }));
}

/** What an event tells the workflow, by a name that is the same in every run; null for what it does itself. */
export function causeOf(event: HistoryEvent, activityOf: (scheduledEventId: string) => string): string | null {
  const ended = endOf(event);
  if (event.workflowExecutionStartedEventAttributes) return 'start';
  if (ended) return `end of ${activityOf(String(ended.scheduledEventId))}`;
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal) return `signal ${signal.signalName}`;
  if (event.childWorkflowExecutionStartedEventAttributes) return 'start of the guard';
  if (event.childWorkflowExecutionCompletedEventAttributes) return 'end of the guard';
  if (event.externalWorkflowExecutionSignaledEventAttributes) return 'delivery of a signal';
  return null;
}

export function momentText({ edge, name, nth }: Pick<Moment, 'edge' | 'name' | 'nth'>): string {
  const which = `${name}${nth > 1 ? ` (${nth})` : ''}`;
  const texts = {
    begins: `before ${which} begins`,
    runs: `while ${which} runs`,
    answers: `${which} done, not yet recorded`,
    decides: `decided after ${which}, not yet recorded`,
  };
  return texts[edge];
}

/** Counts by name. */
export class Counter {
  readonly #counts = new Map<string, number>();

  next(name: string): number {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count;
  }
}

type Ended = temporal.api.history.v1.IActivityTaskCompletedEventAttributes;

function endOf(event: HistoryEvent): Ended | null {
  return (
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes ??
    null
  );
}

const atOf = (event: HistoryEvent | undefined): number => Date.parse(instantOf(event?.eventTime) ?? '');
