import { type ActionName, type InputOf, type OutputOf } from './actions';
import { type NotifyTarget } from './site';

/** The number that hosts compare: a run with a lower one has lost the right to change these resources. */
export interface Fence {
  readonly number: number;
  readonly resources: readonly string[];
  /** The site: numbers of different sites are never compared. */
  readonly scope: string;
  /** Run id of the execution it was granted to; differs from the one that acts if that is a reset. */
  readonly run?: string;
}

/** Who carries out an action, and in what run: the second argument of every activity. */
export interface Call {
  readonly site: string;
  readonly runbook: string;
  readonly workflowId: string;
  /** The run that acts; after a reset it differs from the one its guard watches. */
  readonly runId: string;
  readonly title: string;
  /**
   * The operation key: the same for every attempt of this action, new when somebody decides to do it again.
   * It names the remote job.
   */
  readonly key: string;
  readonly fence: Fence | null;
  /**
   * The guard that must stand behind this run: for a change it must be running, for a close it must not have taken
   * over. Null outside brackets, and for what the guard itself does.
   */
  readonly guard: { readonly workflowId: string; readonly for: 'change' | 'close' } | null;
  /** Whom to tell when a close does not succeed; empty for everything else. */
  readonly alarm: readonly NotifyTarget[];
}

/** What a change would do, found out without doing it. */
export interface Description<O> {
  /** The exact command line or HTTP request, made by the code that would send it. */
  readonly command: string;
  /** The present state in words; null where it cannot be looked at. */
  readonly now: string | null;
  /** Whether anything would change; null where that cannot be known beforehand. */
  readonly changes: boolean | null;
  /** What the rest of the plan goes on with, in place of the action's output. */
  readonly output: O;
}

/** Activities carry their action's name, so that a history tells what was done and replay notices a changed procedure. */
export type ActionActivities = {
  [N in ActionName]: (input: InputOf<N>, call: Call) => Promise<OutputOf<N>>;
};

/** One activity describes them all: a plan changes nothing, so its history need not tell them apart. */
export interface DescribeActivity {
  describeAction<N extends ActionName>(action: N, input: InputOf<N>, call: Call): Promise<Description<OutputOf<N>>>;
}
