import { type Calendar } from '../../workflows/contract/calendar';
import { matches, matchesDate, type Timing } from './timing';
import { type Zone, zoneOf } from './zone';

/** A moment to come, or a clock time that will be missing. */
export interface Upcoming {
  /** Epoch ms, jitter left out. Of a time that does not exist: when it would have been, had clocks been left alone. */
  readonly at: number;
  /** What clocks in the schedule's zone show, see `Zone`. */
  readonly clockMs: number;
  /** What is odd about it, where clocks are put forward or back. */
  readonly remark: 'does not exist' | 'exists twice' | null;
}

const dayMs = 86_400_000;

/**
 * The moments a timing means, in order, without end unless the timing has one.
 *
 * A clock time that exists twice counts twice; which of the two a server takes is its own affair, see `momentsByServer`.
 * A clock time that does not exist is told as such, unless every hour is meant, so that nothing is missing.
 *
 * @param after epoch ms; strictly later ones are given
 * @param until epoch ms; where to give up @default ten years later
 */
export function* upcoming(timing: Timing, after: number, until = after + 3653 * dayMs): Generator<Upcoming> {
  const zone = zoneOf(timing.timeZone);
  let last: Upcoming | null = null;
  for (const each of inOrder([byCalendar(timing, zone, after, until), ...byInterval(timing, zone, after)])) {
    if (each.at > until) return;
    const told = last !== null && order(last, each) === 0;
    last = each;
    if (!told && !timing.skip.some((calendar) => matches(calendar, each.clockMs))) yield each;
  }
}

/** A time that does not exist comes before the one that clocks show instead. */
const order = (a: Upcoming, b: Upcoming) => a.at - b.at || a.clockMs - b.clockMs;

/** Merges streams that are in order each. */
function* inOrder(streams: readonly Generator<Upcoming>[]): Generator<Upcoming> {
  const headOf = (stream: Generator<Upcoming>) => {
    const next = stream.next();
    return next.done ? [] : [{ stream, head: next.value }];
  };
  let heads = streams.flatMap(headOf);
  for (;;) {
    const [next, ...others] = heads.sort((a, b) => order(a.head, b.head));
    if (!next) return;
    yield next.head;
    heads = [...others, ...headOf(next.stream)];
  }
}

function* byCalendar({ calendars }: Timing, zone: Zone, after: number, until: number): Generator<Upcoming> {
  if (!calendars.length) return;
  // By the dates of the zone, with one to spare on either side of the limits.
  for (let day = startOfDay(zone.clockAt(after)) - dayMs; day <= until + dayMs; day += dayMs) {
    yield* [...onDay(calendars, zone, day)].filter(({ at }) => at > after).sort(order);
  }
}

function byInterval({ intervals }: Timing, zone: Zone, after: number): Generator<Upcoming>[] {
  return intervals.map(function* ({ everyMs, offsetMs }) {
    for (let at = (Math.floor((after - offsetMs) / everyMs) + 1) * everyMs + offsetMs; ; at += everyMs)
      yield { at, clockMs: zone.clockAt(at), remark: null };
  });
}

const startOfDay = (clockMs: number) => Math.floor(clockMs / dayMs) * dayMs;

function* onDay(calendars: readonly Calendar[], zone: Zone, day: number): Generator<Upcoming> {
  for (const calendar of calendars) {
    if (!matchesDate(calendar, day)) continue;
    const everyHour = calendar.hour.length === 24;
    for (const clockMs of timesOf(calendar, day)) {
      const instants = zone.instantsOf(clockMs);
      const remark = remarkOn(instants);
      for (const at of instants) yield { at, clockMs, remark };
      if (!instants.length && !everyHour) yield { at: wouldBe(zone, clockMs), clockMs, remark };
    }
  }
}

function remarkOn(instants: readonly number[]): Upcoming['remark'] {
  if (instants.length === 1) return null;
  return instants.length ? 'exists twice' : 'does not exist';
}

function* timesOf({ hour, minute, second }: Calendar, day: number): Generator<number> {
  for (const h of hour) for (const m of minute) for (const s of second) yield day + ((h * 60 + m) * 60 + s) * 1000;
}

/** By the clock before it is put forward. */
function wouldBe(zone: Zone, clockMs: number): number {
  const [dayBefore = clockMs] = zone.instantsOf(clockMs - dayMs);
  return dayBefore + dayMs;
}
