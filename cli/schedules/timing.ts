import { optionalTsToMs } from '@temporalio/common/lib/time';
import { type temporal } from '@temporalio/proto';
import { type Calendar, calendarText, parseCalendar, parseCron, type Parsed } from '../../workflows/contract/calendar';
import { type ScheduleDocument } from '../../workflows/contract/schedules';

/** When a schedule's runs are due. What is declared and what a server holds come to the same form here. */
export interface Timing {
  readonly calendars: readonly Calendar[];
  /** Counted from the epoch on. */
  readonly intervals: readonly { readonly everyMs: number; readonly offsetMs: number }[];
  /** Moments of these are left out. */
  readonly skip: readonly Calendar[];
  readonly timeZone: string;
  readonly jitterMs: number;
}

/** The timing that a file declares; the document is valid, so every text has a meaning. */
export function declaredTiming(document: ScheduleDocument): Timing {
  const { cron, calendar = [], interval } = document;
  return {
    calendars: [...(cron === undefined ? [] : [parseCron(cron)]), ...calendar.map(parseCalendar)].map(valueOf),
    intervals: interval ? [{ everyMs: interval.everySeconds * 1000, offsetMs: interval.offsetSeconds * 1000 }] : [],
    skip: document.skip.map(dateCalendar),
    timeZone: document.timeZone,
    jitterMs: document.jitterSeconds * 1000,
  };
}

function valueOf(parsed: Parsed<Calendar>): Calendar {
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const upTo = (least: number, most: number) => Array.from({ length: most - least + 1 }, (_, index) => least + index);

/** All moments of a date. */
function dateCalendar(date: string): Calendar {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const anyTime = { second: upTo(0, 59), minute: upTo(0, 59), hour: upTo(0, 23), dayOfWeek: upTo(0, 6) };
  return { ...anyTime, dayOfMonth: [day], month: [month], year: [year] };
}

type ServerSpec = temporal.api.schedule.v1.IScheduleSpec;
type ServerCalendar = temporal.api.schedule.v1.IStructuredCalendarSpec;
type ServerRange = temporal.api.schedule.v1.IRange;

/** The timing that a server holds: whatever it was made from, it is calendars and intervals there. */
export function actualTiming(spec: ServerSpec): Timing {
  return {
    calendars: (spec.structuredCalendar ?? []).map(actualCalendar),
    intervals: (spec.interval ?? []).map(({ interval, phase }) => ({
      everyMs: optionalTsToMs(interval) ?? 0,
      offsetMs: optionalTsToMs(phase) ?? 0,
    })),
    skip: (spec.excludeStructuredCalendar ?? []).map(actualCalendar),
    timeZone: spec.timezoneName || 'UTC',
    jitterMs: optionalTsToMs(spec.jitter) ?? 0,
  };
}

function actualCalendar(calendar: ServerCalendar): Calendar {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, year } = calendar;
  return {
    second: expand(second),
    minute: expand(minute),
    hour: expand(hour),
    dayOfMonth: expand(dayOfMonth),
    month: expand(month),
    dayOfWeek: expand(dayOfWeek),
    year: year?.length ? expand(year) : null,
  };
}

/** An end before the start stands for the start, a step of 0 for 1. */
function expand(ranges: readonly ServerRange[] | null | undefined): readonly number[] {
  const values = (ranges ?? []).flatMap(({ start, end, step }) => {
    const first = start ?? 0;
    const size = Math.max(step ?? 1, 1);
    return Array.from(
      { length: Math.floor((Math.max(end ?? 0, first) - first) / size) + 1 },
      (_, i) => first + i * size,
    );
  });
  return [...new Set(values)].sort((a, b) => a - b);
}

/** The texts of calendars, each once, in an order that says nothing: two lists are equal if they mean the same. */
export function calendarTexts(calendars: readonly Calendar[]): readonly string[] {
  return [...new Set(calendars.map((calendar) => dateOf(calendar) ?? calendarText(calendar)))].sort();
}

/** `2026-12-24`, if that is what it is. */
function dateOf(calendar: Calendar): string | null {
  const { year, month, dayOfMonth } = calendar;
  if (year?.length !== 1 || month.length !== 1 || dayOfMonth.length !== 1) return null;
  const date = [String(year[0]), ...[month[0], dayOfMonth[0]].map((part) => String(part).padStart(2, '0'))].join('-');
  return calendarText(dateCalendar(date)) === calendarText(calendar) ? date : null;
}

/** Whether a clock time is one of the calendar's. */
export function matches(calendar: Calendar, clockMs: number): boolean {
  const time = new Date(clockMs);
  return (
    matchesDate(calendar, clockMs) &&
    calendar.hour.includes(time.getUTCHours()) &&
    calendar.minute.includes(time.getUTCMinutes()) &&
    calendar.second.includes(time.getUTCSeconds())
  );
}

/** Whether the calendar has moments on the date of a clock time. */
export function matchesDate(calendar: Calendar, clockMs: number): boolean {
  const time = new Date(clockMs);
  return (
    calendar.dayOfMonth.includes(time.getUTCDate()) &&
    calendar.month.includes(time.getUTCMonth() + 1) &&
    calendar.dayOfWeek.includes(time.getUTCDay()) &&
    (calendar.year?.includes(time.getUTCFullYear()) ?? true)
  );
}

/** `30 2 * * * in Europe/Oslo`, `every 6 h 00 min`, for people. */
export function timingText({ calendars, intervals, skip, timeZone }: Timing): string {
  const times = [
    ...calendarTexts(calendars),
    ...intervals.map(({ everyMs, offsetMs }) => intervalText(everyMs, offsetMs)),
  ];
  const dates = skip.length ? `, not on ${calendarTexts(skip).join(', ')}` : '';
  return `${times.join(' and ') || 'never'}${calendars.length || skip.length ? ` in ${timeZone}` : ''}${dates}`;
}

/** `every 6 h`, `every 90 s, 30 s later` */
export function intervalText(everyMs: number, offsetMs: number): string {
  return `every ${spanText(everyMs)}${offsetMs ? `, ${spanText(offsetMs)} later` : ''}`;
}

/** In the largest unit that leaves nothing over. */
function spanText(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ];
  const [size, unit] = units.find(([each]) => ms % each === 0) ?? [1000, 's'];
  return `${ms / size} ${unit}`;
}
