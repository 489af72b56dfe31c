import {
  type Action,
  type ActionName,
  type InputOf,
  type JobName,
  type OutputOf,
  type ReadName,
} from '../contract/actions';
import { type NotificationKind } from '../contract/actions/notify';
import { type Approval } from '../contract/approvals';
import { type Site } from '../contract/resolve-site';
import { type Execution } from '../contract/companions';
import { type Outcome } from '../contract/each';
import { type Question } from './ask';
import { type Bracket, type BracketChange, type Commit } from './bracket';

/** The language runbooks are written in. A plan speaks it too, so that it is made by the same code as the run. */
export interface Ops {
  /** The site as its file said when the run began. */
  readonly site: Site;
  readonly run: Execution;

  /** Waits for the right to change these resources: once per run, first thing, all at once. */
  lock(...resources: readonly string[]): Promise<void>;

  /** Carries an action out as one activity. */
  do<N extends Exclude<ActionName, JobName>>(action: Action<N>): Promise<OutputOf<N>>;

  /**
   * Carries out many looks of one kind, side by side: `ops.each('Look at 7 hosts', act.readHost, hosts.map((host) => ({ host })))`.
   *
   * One line on the checklist, one activity for a hundred of them. Each is retried a few times by itself; one that
   * fails in the end is an outcome like the others, in the order of the inputs. In the digest of the plan each counts as
   * a step. For looks only: a change needs its guard, and must be known by itself if it lands late.
   */
  each<N extends ReadName>(
    title: string,
    make: (input: InputOf<N>) => Action<N>,
    inputs: readonly InputOf<N>[],
  ): Promise<readonly Outcome<OutputOf<N>>[]>;

  /**
   * Runs a remote job: started once, re-attached to by every attempt, stopped if the run goes on without it.
   * Its stop is known to the guard before it starts.
   */
  job<N extends JobName>(action: Action<N>): Promise<OutputOf<N>>;

  /**
   * Opens a state that must end, does the work, and closes it again, whatever happens to the work or to this run.
   *
   * The close is tried until it succeeds. A failure of the work does not hide one of the close, nor the other way round.
   * @param bracket null: nothing to open, the work is just done
   */
  during<T, R extends ReadName, O extends BracketChange, C extends BracketChange>(
    bracket: Bracket<R, O, C> | null,
    work: (commit: Commit) => Promise<T>,
  ): Promise<T>;

  /** Carries an action out, but goes on if it fails: null then. */
  attempt<N extends Exclude<ActionName, JobName>>(action: Action<N>): Promise<OutputOf<N> | null>;

  /**
   * Asks people, before something that cannot be undone, and waits for the answer: `runbook approve`, `runbook reject`.
   *
   * Returns for a yes alone. In a plan nobody is asked, and the answer is made of placeholders.
   * @throws `PreconditionFailed` for a rejection, and when nobody has answered in time
   */
  ask(question: Question): Promise<Approval>;

  /** Tells people; never fails. No step: nobody plans a message. */
  tell(kind: NotificationKind, text: string): Promise<void>;

  /** What the run is at, in a few words; shown as search attribute. */
  phase(text: string): void;
}
