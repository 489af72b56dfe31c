/**
 * Clock times of a time zone.
 *
 * A clock time is written as the milliseconds it would be in UTC, so that arithmetic and `Date`'s UTC getters work on it.
 */
export interface Zone {
  readonly name: string;
  /** What clocks show at an instant. */
  clockAt(instantMs: number): number;
  /** The instants at which clocks show it: none where they were put forward over it, two where they were put back. */
  instantsOf(clockMs: number): readonly number[];
}

const dayMs = 86_400_000;

/** @throws RangeError for a zone that this machine does not know */
export function zoneOf(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const clockAt = (instantMs: number) => {
    const parts = Object.fromEntries(format.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (instantMs % 1000);
  };
  const offsetAt = (instantMs: number) => clockAt(instantMs) - instantMs;

  /** The offsets that hold around a day; asked once, as most days have one. */
  const offsets = new Map<number, readonly number[]>();
  const offsetsAround = (clockMs: number) => {
    const day = Math.floor(clockMs / dayMs) * dayMs;
    const known = offsets.get(day) ?? [...new Set([offsetAt(day - dayMs), offsetAt(day + 2 * dayMs)])];
    offsets.set(day, known);
    return known;
  };
  return {
    name,
    clockAt,
    instantsOf: (clockMs) => {
      const around = offsetsAround(clockMs);
      const instants = around.map((offset) => clockMs - offset);
      if (instants.length === 1) return instants;
      return instants.filter((instant) => clockAt(instant) === clockMs).sort((a, b) => a - b);
    },
  };
}

/** `2026-12-24 02:30`, with seconds where there are some. */
export function clockText(clockMs: number): string {
  const [date = '', time = ''] = new Date(clockMs).toISOString().split('T');
  return `${date} ${time.slice(0, time.slice(6, 8) === '00' ? 5 : 8)}`;
}
