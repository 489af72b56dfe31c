import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const edit = z.strictObject({
  /** From the project's directory. */
  file: z.string(),
  /** Must be there exactly once, so that a mutant does not rot. */
  find: z.string().min(1),
  replace: z.string(),
});

const common = {
  /** One sentence: what is broken. */
  broken: z.string(),
  edits: z.array(edit).min(1),
};

const schemas = {
  /** Found by those tests of these files whose full name matches `only`, a regular expression: what else fails is no find. */
  activities: z.strictObject({ ...common, tests: z.array(z.string()).min(1), only: z.string() }),
  /** Found by the simulation of this runbook within so many seeds. */
  simulation: z.strictObject({
    ...common,
    runbook: z.string().default('daily-backup'),
    seeds: z.number().int().positive().default(2_000),
  }),
} as const;

export type Edit = z.output<typeof edit>;

interface Named {
  readonly name: string;
}

/** A fault put into the product on purpose, and the layer of tests that must find it. */
export type Mutant =
  | (Named & { readonly layer: 'activities' } & z.output<typeof schemas.activities>)
  | (Named & { readonly layer: 'simulation' } & z.output<typeof schemas.simulation>);

/** Every `<layer>/<name>.yaml` of a directory. */
export function loadMutants(directory: string): Mutant[] {
  const read = (layer: Mutant['layer']) =>
    readdirSync(join(directory, layer))
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => ({
        name: basename(file, '.yaml'),
        data: parse(readFileSync(join(directory, layer, file), 'utf8')) as unknown,
      }));
  return [
    ...read('activities').map(({ name, data }): Mutant => ({
      name,
      layer: 'activities',
      ...schemas.activities.parse(data),
    })),
    ...read('simulation').map(({ name, data }): Mutant => ({
      name,
      layer: 'simulation',
      ...schemas.simulation.parse(data),
    })),
  ];
}

/**
 * The text with one edit made.
 *
 * @throws Error if what it looks for is not there exactly once
 */
export function applyEdit(text: string, { file, find, replace }: Edit): string {
  const [before = '', after, ...more] = text.split(find);
  if (after === undefined || more.length > 0)
    throw new Error(`${file} holds ${after === undefined ? 'nothing' : 'more than one'} of: ${find}`);
  return before + replace + after;
}
