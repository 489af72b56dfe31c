import { type Goal, type Row } from './bench';
import { type Unit } from './amounts';
import { ratioOf, type Summary, summaryOf } from './statistics';

/** What a bench has come to, as it is kept: plain JSON. */
export interface BenchResult {
  readonly bench: string;
  readonly shows: string;
  readonly cases: readonly CaseResult[];
}

export interface CaseResult {
  readonly case: string;
  readonly taken: Taken;
  readonly rows: readonly RowResult[];
}

/** Where, when and how figures were taken. */
export interface Taken {
  /** ISO time of its end. */
  readonly at: string;
  /** The exact command that repeats it. */
  readonly command: string;
  readonly quick: boolean;
  /** Of the sources; null where there is no git. */
  readonly commit: string | null;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface RowResult {
  readonly id: string;
  readonly what: string;
  readonly unit: Unit;
  /** In the order of the rounds; empty: left out. */
  readonly samples: readonly number[];
  readonly summary: Summary | null;
  readonly leftOut: string | null;
  readonly goals: readonly GoalResult[];
}

export interface GoalResult extends Goal {
  /** The ratio, or the median; null where something was left out. */
  readonly reached: number | null;
  /** Null where there is nothing to reach, or nothing was measured, or so little that it says nothing. */
  readonly met: boolean | null;
}

/** @throws Error for a row that has neither figures nor a reason, and for figures of no row */
export function resultOf(
  rows: readonly Row[],
  samples: ReadonlyMap<string, readonly number[]>,
  leftOut: ReadonlyMap<string, string>,
): RowResult[] {
  const unknown = [...samples.keys(), ...leftOut.keys()].find((id) => !rows.some((row) => row.id === id));
  if (unknown !== undefined) throw new Error(`figures of ${unknown}, of which there is no row`);
  const isSomething = (id: string) => !samples.has(id) || samples.get(id)?.some((figure) => figure !== 0);
  const shown = rows.filter(({ id, partOf }) => partOf === undefined || (!leftOut.has(partOf) && isSomething(id)));
  return shown.map(({ id, what, unit, goal = [] }) => {
    const own = samples.get(id) ?? [];
    const why = leftOut.get(id) ?? null;
    if (own.length === 0 && why === null) throw new Error(`no figures of ${id}`);
    if (own.some((sample) => !Number.isFinite(sample))) throw new Error(`${id} came to ${own.join(', ')}`);
    const goals = [goal].flat().map((each) => ({ ...each, ...outcomeOf(each, own, samples) }));
    return { id, what, unit, samples: own, summary: own.length > 0 ? summaryOf(own) : null, leftOut: why, goals };
  });
}

/** The same figures, of which too few were taken to judge a goal by them. */
export function unjudged(rows: readonly RowResult[]): RowResult[] {
  return rows.map((row) => ({ ...row, goals: row.goals.map((goal) => ({ ...goal, met: null })) }));
}

function outcomeOf(
  { to, atMost, atLeast }: Goal,
  own: readonly number[],
  samples: ReadonlyMap<string, readonly number[]>,
): Pick<GoalResult, 'reached' | 'met'> {
  const other = to === undefined ? null : (samples.get(to) ?? []);
  if (own.length === 0 || other?.length === 0) return { reached: null, met: null };
  const reached = other ? ratioOf(own, other) : summaryOf(own).median;
  if (atMost === undefined && atLeast === undefined) return { reached, met: null };
  return { reached, met: reached <= (atMost ?? Infinity) && reached >= (atLeast ?? -Infinity) };
}
