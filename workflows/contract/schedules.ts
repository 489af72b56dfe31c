import { z } from 'zod';
import { type CronField, parseCron, parseField } from './calendar';
import { name, seconds } from './fields';

const timeZone = z.string().refine(isTimeZone, 'expected a time zone like Europe/Oslo or UTC');

/** The name of a zone, and nothing that only some readers of names understand. */
function isTimeZone(text: string): boolean {
  try {
    return /^[A-Za-z]/.test(text) && Boolean(new Intl.DateTimeFormat('en', { timeZone: text }));
  } catch {
    return false;
  }
}

const cronLine = z.string().superRefine((line, context) => {
  const parsed = parseCron(line);
  if (!parsed.ok) context.addIssue({ code: 'custom', message: `found ${JSON.stringify(line)}, ${parsed.message}` });
});

// A number is as good as its text.
const cronField = (field: CronField, byDefault: string) =>
  z.coerce
    .string()
    .superRefine((text, context) => {
      const parsed = parseField(text, field);
      if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.message });
    })
    .default(byDefault);

const calendarDocument = z.strictObject({
  minute: cronField('minute', '0'),
  hour: cronField('hour', '0'),
  dayOfMonth: cronField('dayOfMonth', '*'),
  month: cronField('month', '*'),
  dayOfWeek: cronField('dayOfWeek', '*'),
});

/** What to do when a run is due while the one before still runs. Terminating it is not offered: it would leave all to its guard. */
export const overlapPolicies = ['skip', 'bufferOne', 'bufferAll', 'cancelOther', 'allowAll'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

const timings = ['cron', 'calendar', 'interval'] as const;

/** When a runbook is run by itself, for which sites, and how. See `docs/schedules.md`. */
export const scheduleDocument = z
  .strictObject({
    /** @default every site that has a file */
    sites: z.array(name).min(1).optional(),
    /** Tells schedules of one runbook and site apart: `restore-drill/lab/monthly`. */
    name: name.optional(),
    cron: cronLine.optional(),
    /** Fields in cron's notation; a moment has to match all of one entry. */
    calendar: z.array(calendarDocument).min(1).optional(),
    /** Counted from 1970-01-01T00:00:00Z on. */
    interval: z
      .strictObject({ everySeconds: z.int().min(1), offsetSeconds: z.int().nonnegative().default(0) })
      .optional(),
    /** Of cron, calendar and skipped dates. */
    timeZone: timeZone.default('UTC'),
    overlap: z.enum(overlapPolicies).default('skip'),
    /** A run that could not begin in time begins as much later at most; then it is missed. */
    catchUpSeconds: seconds.min(10).default(3600),
    /** A run begins up to this much later, by chance. */
    jitterSeconds: z.int().nonnegative().default(0),
    /** Whether a run that fails pauses the schedule. */
    pauseOnFailure: z.boolean().default(false),
    /** Of each run; the site is added. */
    input: z.record(z.string(), z.json()).default({}),
    /** Dates on which nothing runs. */
    skip: z.array(z.iso.date('expected a date like 2026-12-24')).default([]),
    /** For people: what it is for, as the Web UI shows it. */
    note: z.string().min(1).max(200),
  })
  .superRefine((document, context) => {
    const given = timings.filter((key) => document[key] !== undefined);
    if (given.length !== 1)
      context.addIssue({
        code: 'custom',
        path: given.slice(1, 2),
        message: `found ${given.join(' and ') || 'none of them'}, expected exactly one of ${timings.join(', ')}`,
      });
  });
export type ScheduleDocument = z.output<typeof scheduleDocument>;

/** What operators say of a runbook: `runbooks/<runbook>.yaml`. */
export const runbookDocument = z.strictObject({ schedules: z.array(scheduleDocument).default([]) });
export type RunbookDocument = z.output<typeof runbookDocument>;
