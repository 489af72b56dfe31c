import { z } from 'zod';
import { nearest } from './nearest';

/** One thing that is wrong with a value, told so that it can be put right. */
export interface Problem {
  readonly path: readonly (string | number)[];
  /** `missing, expected a string` */
  readonly message: string;
  /** Whether the path ends with a key that should not be there, rather than with a value. */
  readonly atKey: boolean;
}

/** Parses a value; what is wrong comes back as sentences with the path, what was found and what was expected. */
export function parseWith<S extends z.ZodType>(
  schema: S,
  value: unknown,
): { readonly ok: true; readonly value: z.output<S> } | { readonly ok: false; readonly problems: readonly Problem[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
  return { ok: false, problems: parsed.error.issues.flatMap((issue) => explain(issue, value, shape)) };
}

/** `hosts.db1.address`; the whole value is `(all)`. */
export function pathText(path: Problem['path']): string {
  return path.length ? path.join('.') : '(all)';
}

/** `backup.keep: found 0, expected at least 1` */
export function problemText({ path, message }: Problem): string {
  return `${pathText(path)}: ${message}`;
}

/** All of them as one line. */
export function problemsText(problems: readonly Problem[]): string {
  return problems.map(problemText).join('; ');
}

/** As much of a JSON Schema as is needed to say which keys are allowed. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
}

type Issue = z.core.$ZodIssue;

function explain(issue: Issue, value: unknown, shape: Shape): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const found = valueAt(value, path);
  if (issue.code === 'unrecognized_keys') {
    const keys = keysAt(shape, path);
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, keys), atKey: true }));
  }
  if (issue.code === 'invalid_key')
    return issue.issues.map((inner) => ({ path, message: `bad name, ${expectation(inner)}`, atKey: true }));
  if (issue.code === 'invalid_union' && issue.errors.length) {
    const keys = keysAt(shape, path);
    const unknown = Object.keys(isRecord(found) ? found : {}).filter((key) => !keys.includes(key));
    if (unknown.length)
      return unknown.map((key) => ({ path: [...path, key], message: unknownKey(key, keys), atKey: true }));
    return [{ path, message: `found ${show(found)}, expected exactly one of ${keys.join(', ')}`, atKey: false }];
  }
  if (issue.code === 'custom') return [{ path, message: issue.message, atKey: false }];
  return [
    {
      path,
      message: `${found === undefined ? 'missing' : `found ${show(found)}`}, ${expectation(issue)}`,
      atKey: false,
    },
  ];
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown key, expected one of ${known.join(', ')}${meant ? `; did you mean ${meant}?` : ''}`;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return `expected ${bound(issue.inclusive === false ? 'more than' : 'at least', issue.minimum, issue.origin)}`;
    case 'too_big':
      return `expected ${bound(issue.inclusive === false ? 'less than' : 'at most', issue.maximum, issue.origin)}`;
    case 'invalid_format':
      return issue.message.startsWith('expected') ? issue.message : `expected ${formats[issue.format] ?? issue.format}`;
    case 'invalid_union':
      return issue.message
        .replace(/^.*expected/i, 'expected')
        .replaceAll("'", '"')
        .replaceAll(' | ', ' or ');
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

const formats: Readonly<Record<string, string>> = {
  url: 'a URL like http://host/path',
  ipv4: 'an IPv4 address like 10.0.0.1',
  regex: 'another form',
};

function bound(relation: string, limit: number | bigint, origin: string): string {
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
  return `${relation} ${limit}${limit === 1 ? unit.replace('entries', 'entry').replace(/s$/, '') : unit}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function valueAt(value: unknown, path: Problem['path']): unknown {
  return path.reduce<unknown>((inner, part) => (isRecord(inner) ? inner[part] : undefined), value);
}

const isRecord = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null;

/** The keys that the schema allows at a path; those of all alternatives where there are several. */
function keysAt(shape: Shape, path: Problem['path']): string[] {
  const reached = path.reduce<readonly Shape[]>(
    (shapes, part) => shapes.flatMap(alternatives).flatMap((each) => child(each, part)),
    [shape],
  );
  return [...new Set(reached.flatMap(alternatives).flatMap((each) => Object.keys(each.properties ?? {})))];
}

function alternatives(shape: Shape): readonly Shape[] {
  return shape.anyOf ?? shape.oneOf ?? [shape];
}

function child(shape: Shape, part: string | number): readonly Shape[] {
  const named = shape.properties?.[part] ?? (typeof part === 'number' ? shape.items : shape.additionalProperties);
  return typeof named === 'object' ? [named] : [];
}
