import { type ActionName, type InputOf, isActionName, type OutputOf, type ReadName } from './actions';
import { type Call } from './calls';
import { type FailureType } from './failures';

/** What became of one look of many. */
export type Outcome<O = unknown> =
  | { readonly output: O; readonly failure?: never }
  | { readonly failure: { readonly type: FailureType; readonly message: string }; readonly output?: never };

/**
 * One activity for a slice of many looks of one kind, named for the action. The outcomes are in the order of the inputs;
 * no failure of one look fails the activity.
 */
export type EachActivities = {
  [N in ReadName as `${N}Each`]: (
    inputs: readonly InputOf<N>[],
    call: Call,
  ) => Promise<readonly Outcome<OutputOf<N>>[]>;
};

/** The activity that carries out a slice of looks of that kind. */
export const eachOf = <N extends ReadName>(action: N): `${N}Each` => `${action}Each`;

/** The action that an activity of that type carries out, once or on many; null for what is no action. */
export function actionBehind(activityType: string): ActionName | null {
  const name = activityType.replace(/Each$/, '');
  return isActionName(name) ? name : null;
}

/**
 * How many looks are cut into slices. Server and history take 2 MiB for an input or a result: a slice's input has at most
 * a quarter of a MiB, its result at most 0.9 MiB, and usually 30 kB.
 */
export const slices = {
  /** Few enough that a retry repeats little and several workers share; an activity costs the server as much as several hosts. */
  most: 100,
  /** Of the inputs together, as JSON. */
  mostInputBytes: 256 * 1024,
  /** Of each output, as JSON. */
  mostOutputBytes: 8 * 1024,
  /** Characters of each failure's message. */
  mostMessage: 500,
  /** Slices of one run that are carried out at a time. */
  inFlight: 4,
} as const;

/** How a worker carries slices out. */
export const looks = {
  /** Looks that a worker has under way, of all slices and all runs. */
  sideBySide: 64,
  /** Of one that fails for a while; with the waits of its profile between. What is still down then is told as it is. */
  attempts: 4,
} as const;
