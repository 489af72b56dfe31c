import {
  type ActionName,
  type ChangeName,
  type InputOf,
  type OutputOf,
  type ReadName,
} from '../workflows/contract/actions';
import { type Call, type Description } from '../workflows/contract/calls';

/** How far a long action is; shown with rate and time left, but for a wait. */
export interface Progress {
  readonly done: number;
  /** In seconds: how long it waits at most. */
  readonly total?: number;
  /** `seconds`: nothing is done but to wait for what `note` says. */
  readonly unit: 'bytes' | 'items' | 'seconds';
  readonly note?: string;
}

/** What an implementation is given besides its input. */
export interface ActionContext {
  readonly call: Call;
  /** Aborted when the activity is cancelled, superseded, or out of time: stop waiting, and leave remote jobs alone. */
  readonly signal: AbortSignal;
  /** Epoch ms at which this attempt is out of time. */
  readonly deadlineMs: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Whether an earlier attempt's heartbeat says that the remote job was started. */
  readonly jobStarted: boolean;
  /** Shown to people, and kept over attempts. Cheap: call it as often as there is something new. */
  progress(progress: Progress): void;
  /** Remembered by the next attempt as `jobStarted`. */
  markJobStarted(): void;
}

/** Carries a read out. `describe` is for plans in which something it needs is itself only planned. */
export interface ReadImplementation<I, O> {
  readonly do: (input: I, context: ActionContext) => Promise<O>;
  readonly describe?: (input: I, context: ActionContext) => Promise<Description<O>>;
}

/** Carries a change out; it looks before it acts, so that it may run twice. Its description sends nothing that changes. */
export interface ChangeImplementation<I, O> {
  readonly do: (input: I, context: ActionContext) => Promise<O>;
  readonly describe: (input: I, context: ActionContext) => Promise<Description<O>>;
}

/** The code of every action: a change without a description does not compile. */
export type Implementations = {
  readonly [N in ActionName]: N extends ReadName
    ? ReadImplementation<InputOf<N>, OutputOf<N>>
    : N extends ChangeName
      ? ChangeImplementation<InputOf<N>, OutputOf<N>>
      : never;
};
