import { runbooks, type RunbookName } from '../../workflows/contract/runbooks';
import { strategy } from '../../workflows/contract/site';
import { z } from 'zod';
import { drawFaults, type Fault } from './faults';
import { drawPeople, type People } from './people';
import { Random } from './random';

/** How the site is found. */
export interface Found {
  readonly serverRuns: boolean;
  readonly mounted: boolean;
  /** Somebody has taken production down. */
  readonly productionDown: boolean;
  readonly databaseStopped: boolean;
  /** Its engine counts rows as of a moment that has passed. @default false */
  readonly looksBack?: boolean;
  /** Archives on the volume, newest first: verified or not. */
  readonly archives: readonly boolean[];
}

export interface Begin {
  readonly runbook: RunbookName;
  readonly input: object;
  readonly afterMs: number;
}

/** Everything that happens in one simulation; the seed decides how long things take. */
export interface Scenario {
  readonly seed: number;
  readonly found: Found;
  readonly runs: readonly Begin[];
  readonly faults: readonly Fault[];
  /** @default they approve */
  readonly people?: People;
}

/** One way of running a runbook, with the activities of an undisturbed run in their order, for moments to draw from. */
export interface Tried {
  readonly input: object | null;
  readonly actions: readonly string[];
}

/** Inputs that make a runbook do different things, the usual one first; null: drawn for fields that have no default. */
export function inputsOf(runbook: RunbookName): readonly (object | null)[] {
  if (runbook !== 'daily-backup') return [null];
  return strategy.options.map((option) => (option === 'cold' ? null : { strategy: option }));
}

/** @param tried the first is drawn most often */
export function drawScenario(seed: number, runbook: RunbookName, tried: readonly [Tried, ...Tried[]]): Scenario {
  const random = new Random(seed);
  const way = random.share('way') < 0.4 ? tried[0] : random.pick(tried, 'which way');
  const runs: Begin[] = [{ runbook, input: way.input ?? drawInput(random, runbook, 0), afterMs: 0 }];
  if (random.share('two runs') < 0.25)
    runs.push({
      runbook,
      input: way.input ?? drawInput(random, runbook, 1),
      afterMs: random.duration(1, 60_000, 'second run'),
    });
  const serverRuns = random.share('server runs') < 0.15;
  const archives = random.integer(0, 5, 'archives');
  return {
    seed,
    found: {
      serverRuns,
      mounted: serverRuns && random.share('mounted') < 0.5,
      productionDown: random.share('production down') < 0.03,
      databaseStopped: random.share('database stopped') < 0.03,
      looksBack: looksBack(way.input),
      archives: Array.from({ length: archives }, (_, index) => random.share('verified', index) < 0.8),
    },
    runs,
    faults: drawFaults(random, way.actions, runs.length),
    people: drawPeople(random),
  };
}

/** An undisturbed run on a site that is as it should be. */
export function quietScenario(runbook: RunbookName, input: object | null): Scenario {
  const asItShouldBe = { serverRuns: false, mounted: false, productionDown: false, databaseStopped: false };
  return {
    seed: 0,
    found: { ...asItShouldBe, looksBack: looksBack(input), archives: [true] },
    runs: [{ runbook, input: input ?? drawInput(new Random(0), runbook, 0), afterMs: 0 }],
    faults: [],
  };
}

/** PostgreSQL does not, and it is the engine that has its files shared by reflink: none of them stays as it is. */
const looksBack = (input: object | null): boolean => !(input && 'strategy' in input && input.strategy === 'reflink');

interface Property {
  readonly enum?: readonly unknown[];
  readonly type?: string;
}

/** Values for the fields that have no default. */
function drawInput(random: Random, runbook: RunbookName, run: number): object {
  const schema = z.toJSONSchema(runbooks[runbook].input, { io: 'input' }) as {
    properties?: Record<string, Property>;
    required?: readonly string[];
  };
  return Object.fromEntries(
    (schema.required ?? []).map((field) => {
      const property = schema.properties?.[field] ?? {};
      if (property.enum) return [field, random.pick(property.enum, 'input', run, field)];
      if (property.type === 'boolean') return [field, random.share('input', run, field) < 0.5];
      if (property.type === 'integer' || property.type === 'number')
        return [field, random.integer(1, 5, 'input', run, field)];
      if (property.type === 'string') return [field, `${field} ${run}`];
      throw new Error(`the simulation cannot think of a ${field} for ${runbook}: give one with --input`);
    }),
  );
}
