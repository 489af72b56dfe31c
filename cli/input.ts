import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseWith, problemText } from '../workflows/contract/problems';
import { nearest } from '../workflows/contract/nearest';
import { type RunbookDefinition, type RunbookName, runbooks } from '../workflows/contract/runbooks';
import { CommandError, ExitCode } from './exit';

/** What a user gives of a run's input. */
export interface InputOptions {
  readonly site?: string;
  /** Pairs `key=value`. */
  readonly set?: readonly string[];
  /** File with a JSON object; `-` is standard input. */
  readonly input?: string;
}

/** A runbook by the name operators use; exit code 2 if there is none. */
export function runbookNamed(name: string): { readonly name: RunbookName; readonly definition: RunbookDefinition } {
  if (Object.hasOwn(runbooks, name)) {
    const known = name as RunbookName;
    return { name: known, definition: runbooks[known] };
  }
  const names = Object.keys(runbooks);
  const meant = nearest(name, names);
  throw new CommandError(
    ExitCode.usage,
    `there is no runbook ${name}, expected one of ${names.join(', ')}${meant ? `; did you mean ${meant}?` : ''}`,
  );
}

/**
 * Puts the input of a run together: the file, then `--set`, then `--site`; checked with the schema the run uses.
 *
 * @returns what was given, defaults not filled in: the run does that
 * @throws exit code 2 with each path, what was found and what was expected
 */
export function inputFor(
  definition: RunbookDefinition,
  options: InputOptions,
  more: object = {},
): Record<string, unknown> {
  const input = {
    ...(options.input === undefined ? {} : readInput(options.input)),
    ...setPairs(options.set ?? [], definition.input),
    ...(options.site === undefined ? {} : { site: options.site }),
    ...more,
  };
  const parsed = parseWith(definition.input, input);
  if (!parsed.ok) throw new CommandError(ExitCode.usage, parsed.problems.map(problemText).join('\n'));
  return input;
}

function readInput(file: string): Record<string, unknown> {
  const name = file === '-' ? 'standard input' : file;
  try {
    const value: unknown = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new CommandError(ExitCode.usage, `${name}: ${(error as Error).message}`);
  }
  throw new CommandError(ExitCode.usage, `${name}: expected one JSON object`);
}

/** `key=value` for each field; `key.inner=value` for one inside an object. */
function setPairs(pairs: readonly string[], schema: z.ZodType): Record<string, unknown> {
  const set: Record<string, unknown> = {};
  for (const pair of pairs) {
    const [path, value] = parsePair(pair, schema);
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let inner = set;
    for (const key of keys) {
      const found = Object.hasOwn(inner, key) ? inner[key] : undefined;
      inner = (inner[key] = typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
    }
    inner[last] = value;
  }
  return set;
}

/** The value gets the type the schema has at the key, a list also as `a,b`; what does not fit stays text, for the schema to refuse. */
function parsePair(pair: string, schema: z.ZodType): [string, unknown] {
  const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
  if (!pair.includes('=') || !key) throw new CommandError(ExitCode.usage, `--set ${pair}: expected key=value`);
  const type = fieldsOf(schema)[key]?.type;
  if (type === 'array' && !value.startsWith('[')) return [key, value.split(',')];
  if (type === 'string' || (type === undefined && !value.startsWith('{'))) return [key, value];
  try {
    return [key, JSON.parse(value)];
  } catch {
    return [key, value];
  }
}

/** A field of a runbook's input, as `describe` shows it. */
export interface InputField {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** The fields of a runbook's input by name. */
export function fieldsOf(schema: z.ZodType): Readonly<Record<string, InputField>> {
  return (z.toJSONSchema(schema, { io: 'input' }).properties ?? {}) as Record<string, InputField>;
}

/** The names of the fields that must be given. */
export function requiredFields(schema: z.ZodType): readonly string[] {
  return z.toJSONSchema(schema, { io: 'input' }).required ?? [];
}
