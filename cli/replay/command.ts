import { canonicalJson, hexDigest } from '../../workflows/contract/plan';

/** One command of a workflow, in the terms that its history and its code have in common. */
export interface Command {
  readonly kind:
    | 'activity'
    | 'timer'
    | 'child'
    | 'signal'
    | 'memo'
    | 'search-attributes'
    | 'continue-as-new'
    | 'completed'
    | 'failed'
    | 'cancelled';
  /** What Temporal matches beside the kind: the type of an activity or child, the name of a signal; else empty. */
  readonly name: string;
  readonly title: string;
  /** Arguments, values or the result. */
  readonly input: readonly unknown[];
  /** Queue, times, retries and the like; durations in seconds. */
  readonly options: Readonly<Record<string, string>>;
}

/** A command of a history. */
export interface Recorded extends Command {
  readonly eventId: number;
  /** As the Web UI and the CLI call it: `ActivityTaskScheduled`. */
  readonly eventType: string;
}

/** A command that today's code asks for. */
export interface Asked extends Command {
  /** `workflows/daily-backup.ts:40`, the line of workflow code that led to it; empty where that cannot be known. */
  readonly line: string;
  /** Of the cancellation of an activity or child: no history keeps it. */
  readonly cancellation: string;
  /** The event that started its workflow task. */
  readonly task: number;
}

/** Kind and name, for people: `activity readProduction`. */
export const headOf = ({ kind, name }: Command): string => (name ? `${kind} ${name}` : kind);

/** What a command is asked for, one text a property: `start-to-close=15s`. */
export function partsOf({ title, input, options }: Command): string[] {
  return [
    ...(title ? [JSON.stringify(title)] : []),
    ...(input.length > 0 ? [`input=${hexDigest(canonicalJson(input)).slice(0, 12)}`] : []),
    ...Object.entries(options).map(([name, value]) => `${name}=${value}`),
  ];
}

/** Where two values differ: `[0].production.url`, at most `limit` places. */
export function differingPaths(a: unknown, b: unknown, limit = 3): string[] {
  const found: string[] = [];
  const walk = (left: unknown, right: unknown, path: string) => {
    if (found.length >= limit || canonicalJson(left ?? null) === canonicalJson(right ?? null)) return;
    if (!isContainer(left) || !isContainer(right)) return void found.push(path);
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
      walk(left[key], right[key], Array.isArray(left) ? `${path}[${key}]` : `${path}.${key}`);
  };
  walk(a, b, '');
  return found;
}

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
