import { type Client } from '@temporalio/client';
import { type Command } from 'commander';
import { type Context } from '../context';
import { positive } from '../options';
import { table } from '../render/table';
import { changesBetween } from '../schedules/compare';
import { declaredSchedules } from '../schedules/files';
import { type Declared } from '../schedules/schedule';
import { momentsByServer, type OnServer, schedulesOnServer } from '../schedules/server';
import { type Timing, timingText } from '../schedules/timing';
import { type Upcoming, upcoming } from '../schedules/upcoming';
import { clockText, zoneOf } from '../schedules/zone';
import { withTemporal } from '../temporal';

/** The coming runs of a schedule, by what the server holds, or would hold. */
export interface Next {
  readonly schedule: string;
  readonly times: string;
  readonly timeZone: string;
  readonly state: 'active' | 'paused' | 'not applied';
  readonly note: string;
  /** Whether the file says something else than the server. */
  readonly differs: boolean;
  /** Runs that were due and did not begin: the one before still ran, or it was later than the catch-up window. */
  readonly skipped: number;
  readonly missed: number;
  readonly runs: readonly {
    /** Null: no run. */
    readonly at: string | null;
    /** In the schedule's zone. */
    readonly local: string;
    readonly remark: string | null;
  }[];
}

/** `schedules next`: when what runs. */
export function addNext(schedules: Command, context: Context): void {
  schedules
    .command('next [schedule]')
    .description("the coming runs, in the local time of each schedule's zone; default: of all schedules")
    .option('--count <n>', 'how many of each', positive, 5)
    .option('--json', 'print them as one JSON document')
    .action(async (only: string | undefined, { count, json }: { count: number; json?: boolean }) => {
      const declared = await declaredSchedules(context);
      const next = await withTemporal(context, async ({ client }) => {
        const actual = await schedulesOnServer(
          client,
          declared.map(({ id }) => id),
        );
        const ids = [...new Set([...declared, ...actual].map(({ id }) => id))].sort();
        const wanted = ids.filter((id) => only === undefined || id === only);
        return await Promise.all(wanted.map((id) => nextOf(client, declared.find(is(id)), actual.find(is(id)), count)));
      });
      if (json) context.output.json({ schedules: next });
      else context.output.print(next.length ? next.flatMap(lines) : ['no schedule is declared']);
    });
}

const is = (id: string) => (each: { readonly id: string }) => each.id === id;

async function nextOf(
  client: Client,
  declared: Declared | undefined,
  actual: OnServer | undefined,
  count: number,
): Promise<Next> {
  const { id, timing, note } = (actual ?? declared) as OnServer | Declared;
  const now = Date.now();
  const foretold = first(upcoming(timing, now), count);
  return {
    schedule: id,
    times: timingText(timing),
    timeZone: timing.timeZone,
    state: !actual ? 'not applied' : actual.paused ? 'paused' : 'active',
    note,
    differs: changesBetween(declared ? [declared] : [], actual ? [actual] : []).length > 0,
    skipped: actual?.info.numActionsSkippedOverlap ?? 0,
    missed: actual?.info.numActionsMissedCatchupWindow ?? 0,
    runs: (actual ? await byServer(client, id, timing, foretold, count) : foretold).map(({ at, clockMs, remark }) => ({
      at: remark === 'does not exist' ? null : new Date(at).toISOString(),
      local: clockText(clockMs),
      remark,
    })),
  };
}

const dayMs = 86_400_000;

/** What the server will take of the moments foretold, with the times that do not exist between them. */
async function byServer(
  client: Client,
  id: string,
  timing: Timing,
  foretold: readonly Upcoming[],
  count: number,
): Promise<Upcoming[]> {
  const zone = zoneOf(timing.timeZone);
  // Those that it leaves out are made up for by the day after the last.
  const until = Math.max(Date.now(), ...foretold.map(({ at }) => at)) + dayMs;
  const moments = await momentsByServer(client, id, Date.now(), until);
  const taken = moments.slice(0, count).map((at): Upcoming => {
    const clockMs = zone.clockAt(at);
    return { at, clockMs, remark: zone.instantsOf(clockMs).length > 1 ? 'exists twice' : null };
  });
  const last = taken.at(-1)?.at ?? 0;
  const missing = foretold.filter(({ at, remark }) => remark === 'does not exist' && at < last);
  return [...taken, ...missing].sort((a, b) => a.at - b.at);
}

/** The first runs, with the times between them that are none. */
function first(coming: Iterable<Upcoming>, count: number): Upcoming[] {
  const found: Upcoming[] = [];
  for (const each of coming) {
    found.push(each);
    if (found.filter(({ remark }) => remark !== 'does not exist').length === count) break;
  }
  return found;
}

function lines({ schedule, times, state, note, differs, skipped, missed, runs }: Next): string[] {
  const remarks = [
    ...(state === 'paused' ? [`paused, nothing runs: ${note}`] : []),
    ...(state === 'not applied' ? ['not on the server, nothing runs: runbook schedules apply'] : []),
    ...(state !== 'not applied' && differs ? ['differs from its file: runbook schedules diff'] : []),
    ...(skipped ? [`${skipped} skipped so far: the run before was still running`] : []),
    ...(missed ? [`${missed} missed so far: later than the catch-up window`] : []),
  ];
  return [
    `${schedule}: ${times}`,
    ...remarks.map((remark) => `  ${remark}`),
    ...table(
      runs.map(({ at, local, remark }) => [local, at ? `(${at.slice(0, 19)}Z)` : 'no run', remarkText(remark)]),
      '  ',
    ),
  ];
}

function remarkText(remark: string | null): string {
  if (remark === 'does not exist') return 'does not exist: clocks are put forward';
  return remark === 'exists twice' ? 'exists twice: clocks are put back' : '';
}
