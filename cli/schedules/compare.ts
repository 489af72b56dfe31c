import { type Declared, type Schedule } from './schedule';
import { calendarTexts, intervalText } from './timing';

/** Something in which declared and actual differ. */
export interface Change {
  readonly schedule: string;
  /** As runbook files call it, or `schedule` for the whole of it. */
  readonly field: string;
  /** Null: not declared. */
  readonly declared: unknown;
  /** Null: not on the server. */
  readonly actual: unknown;
}

/** In the memo of a schedule that `schedules apply` has made. Another one is never touched. */
export const managedBy = 'runbook schedules';

/** A schedule that a server holds. */
export interface Actual extends Schedule {
  readonly id: string;
  readonly ours: boolean;
  /** By its memo; null where it is not ours. */
  readonly site: string | null;
  /** A paused schedule's note is whoever paused it speaking. */
  readonly paused: boolean;
}

/** All that makes up a schedule, in a form in which what means the same is the same. */
export function fieldsOf(schedule: Schedule): Readonly<Record<string, unknown>> {
  const { timing, more } = schedule;
  return {
    cron: calendarTexts(timing.calendars).join('; ') || null,
    interval: timing.intervals.map(({ everyMs, offsetMs }) => intervalText(everyMs, offsetMs)).join('; ') || null,
    timeZone: timing.timeZone,
    skip: calendarTexts(timing.skip),
    jitterSeconds: timing.jitterMs / 1000,
    overlap: schedule.overlap,
    catchUpSeconds: schedule.catchUpMs / 1000,
    pauseOnFailure: schedule.pauseOnFailure,
    input: schedule.input,
    note: schedule.note,
    workflow: schedule.workflow,
    workflowId: schedule.workflowId,
    queue: schedule.queue,
    summary: schedule.summary,
    memo: schedule.memo,
    searchAttributes: schedule.searchAttributes,
    ...more,
  };
}

/** In what two lists of schedules differ, by id, field by field. */
export function changesBetween(declared: readonly Declared[], actual: readonly Actual[]): readonly Change[] {
  const ids = [...new Set([...declared, ...actual].map(({ id }) => id))].sort();
  return ids.flatMap((id) =>
    changesOf(
      declared.find((each) => each.id === id),
      actual.find((each) => each.id === id),
    ),
  );
}

function changesOf(declared: Declared | undefined, actual: Actual | undefined): readonly Change[] {
  const schedule = declared?.id ?? actual?.id ?? '';
  if (!declared || !actual)
    return [
      {
        schedule,
        field: 'schedule',
        declared: declared ? fieldsOf(declared) : null,
        actual: actual ? fieldsOf(actual) : null,
      },
    ];
  if (!actual.ours) return [{ schedule, field: 'managedBy', declared: managedBy, actual: null }];
  const [wanted, found] = [fieldsOf(declared), fieldsOf(actual)];
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
    .filter((field) => !(field === 'note' && actual.paused))
    .filter((field) => canonical(wanted[field]) !== canonical(found[field]))
    .map((field) => ({ schedule, field, declared: wanted[field] ?? null, actual: found[field] ?? null }));
}

/** JSON whose keys are in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
