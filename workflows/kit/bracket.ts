import { type Action, type ChangeName, type JobName, type OutputOf, type ReadName } from '../contract/actions';
import { type NotificationKind } from '../contract/actions/notify';

/** A change that can open or close a bracket: not a job. */
export type BracketChange = Exclude<ChangeName, JobName>;

/** How a bracket is entered from the state it was found in. */
export interface Entry<O extends BracketChange, C extends BracketChange> {
  readonly open: Action<O>;
  /** Leads back to the state that was found; safe when `open` never happened. */
  readonly close: Action<C>;
  /** The guard ends the run and closes everything when the bracket has been open this long. */
  readonly limitSeconds?: number;
}

/** What a look has returned. */
export interface Seen<R extends ReadName> {
  readonly seen: OutputOf<R>;
}

/**
 * A state that must end: "production is down", "the backup server runs".
 *
 * It restores the state it found, it does not impose one: `enter` is given what `read` saw, and says how to go on,
 * `'as found'` to leave alone what is already there, or throws to refuse.
 */
export interface Bracket<R extends ReadName, O extends BracketChange, C extends BracketChange> {
  readonly title: string;
  /** How it is looked at, or what was seen: by whoever has looked before, and makes sure that it still holds. */
  readonly read: Action<R> | Seen<R>;
  readonly enter: (prior: OutputOf<R>) => Entry<O, C> | 'as found';
  /** What people are told once it is open, and once it is closed. */
  readonly announce?: { readonly opened: NotificationKind; readonly closed: NotificationKind };
  /** Told what the open and the close have returned; another action that was put in place of the close is not told of. */
  readonly opened?: (output: OutputOf<O>) => void;
  readonly closed?: (output: OutputOf<C>) => void;
}

/** Replaces the way back of an open bracket, durably, before the run goes on; the old one is never gone any more. */
export type Commit = (close: Action<BracketChange>) => Promise<void>;
