import { type Timing } from './timing';
import { type Upcoming, upcoming } from './upcoming';
import { clockText } from './zone';

const thirteenMonthsMs = 396 * 86_400_000;

/** One sentence for each date in the coming 13 months on which clocks are put forward or back over the timing's moments. */
export function oddTimes(timing: Timing, now: number): readonly string[] {
  const byDate = new Map<string, Upcoming[]>();
  // The moments of a schedule by interval are the same whatever clocks show.
  for (const each of upcoming({ ...timing, intervals: [] }, now, now + thirteenMonthsMs)) {
    if (!each.remark) continue;
    const date = clockText(each.clockMs).slice(0, 10);
    byDate.set(date, [...(byDate.get(date) ?? []), each]);
  }
  return [...byDate.values()].map((odd) => sentence(odd, timing.timeZone));
}

function sentence(odd: readonly Upcoming[], timeZone: string): string {
  const times = [...new Set(odd.map(({ clockMs }) => clockMs))];
  const [first = 0] = times;
  const others = times.length > 1 ? ` and ${times.length - 1} more` : '';
  return odd[0]?.remark === 'exists twice'
    ? `${clockText(first)}${others} exists twice in ${timeZone}: runs once or twice, as the server has it`
    : `${clockText(first)}${others} does not exist in ${timeZone}: no run then`;
}
