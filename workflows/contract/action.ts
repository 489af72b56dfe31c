import { z } from 'zod';
import { type ProfileName } from './profiles';
import { type HostRef } from './site';

/** `read` looks; `change` acts on the world and therefore needs a description for plans. */
export type Effect = 'read' | 'change';

/** What an action is, apart from the code that carries it out. */
export interface ActionDefinition<
  E extends Effect = Effect,
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
> {
  readonly effect: E;
  readonly profile: ProfileName;
  readonly input: I;
  readonly output: O;
  /** The line on the checklist, in the imperative: `Stop the database on db1`. */
  readonly title: (input: z.output<I>) => string;
  /** What it looks at or changes, as a path: `server/backup`, `database/db1`. */
  readonly target: (input: z.output<I>) => string;
  /** Other targets that must be in place first: in a plan that changes one of them, this read can only be described. */
  readonly needs?: (input: z.output<I>) => readonly string[];
  /** Fields whose values only a run can have (times, keys, names made from them): placeholders in a plan and its digest. */
  readonly runOnly?: readonly (keyof z.output<I> & string)[];
  /** One attempt may take this long, where the profile's time does not fit. @default the profile's */
  readonly startToCloseSeconds?: (input: z.output<I>) => number;
  /**
   * Whether a cancelled run may cut its waiting short. What it has sent by then takes effect, and its close copes.
   * @default false: a change that has begun is finished, so that a close never looks too early
   */
  readonly cancellable?: boolean;
  /** For a job: the host it runs on. */
  readonly host?: (input: z.output<I>) => HostRef;
  /**
   * For a job: whether leaving it running would endanger what is closed after it.
   * A job that only reads may be left when its host cannot be reached. @default true
   */
  readonly mustStop?: boolean;
}

type Definer<E extends Effect, P extends ProfileName> = <I extends z.ZodType, O extends z.ZodType>(
  definition: Omit<ActionDefinition<E, I, O>, 'effect' | 'profile'> &
    (P extends 'job' ? { readonly host: (input: z.output<I>) => HostRef } : { readonly host?: never }),
) => ActionDefinition<E, I, O> & { readonly profile: P };

function definer<E extends Effect, P extends ProfileName>(effect: E, profile: P): Definer<E, P> {
  return (definition) => ({ ...definition, effect, profile });
}

/** An action that only looks. */
export const read = definer('read', 'probe');
/** An action that changes something, looking before it acts, so that it may be repeated. */
export const change = definer('change', 'change');
/** A remote command that outlives the connection. */
export const job = definer('change', 'job');
/** What every job answers besides what it came to: its key, its host, and how often it was launched there. */
export const jobOutput = { key: z.string(), host: z.string(), starts: z.int() };
/** A message to people. */
export const message = definer('change', 'notify');
