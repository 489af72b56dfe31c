import { type Recorded } from '../support/history';
import { type Downtime } from './seen';

/** What a run does while production is down, in its order. */
export const parts = {
  down: { actions: ['takeProductionDown'], what: 'the address moves to the fallback page' },
  count: { actions: ['countRows'], what: 'the rows are counted' },
  stop: { actions: ['stopDatabase'], what: 'the database stops' },
  copy: { actions: ['copyStore', 'takeSnapshot'], what: 'the store is copied, or linked' },
  start: { actions: ['startDatabase'], what: 'the database starts' },
  up: { actions: ['bringProductionUp'], what: 'the address moves back' },
  look: { actions: ['readDatabase', 'readProduction'], what: 'looks at the state' },
} as const satisfies Record<string, { readonly actions: readonly string[]; readonly what: string }>;

export type Part = keyof typeof parts | 'between';
export const partNames = [...Object.keys(parts), 'between'] as readonly Part[];

/**
 * Where the milliseconds of a downtime went: each action's share of the interval, from the moment a worker had it, and
 * what lies between actions: the server, workflow tasks, and the guard's answers.
 */
export function partsOf({ fromMs, toMs }: Downtime, activities: readonly Recorded[]): Record<Part, number> {
  const within = activities.map(({ type, startedAt, completedAt }) => ({
    type,
    ms: Math.max(0, Math.min(completedAt ?? toMs, toMs) - Math.max(startedAt ?? toMs, fromMs)),
  }));
  const named = Object.entries(parts).map(([part, { actions }]) => {
    const own = within.filter(({ type }) => (actions as readonly string[]).includes(type));
    return [part, own.reduce((sum, { ms }) => sum + ms, 0)] as const;
  });
  const sum = named.reduce((all, [, ms]) => all + ms, 0);
  return { ...Object.fromEntries(named), between: toMs - fromMs - sum } as Record<Part, number>;
}
