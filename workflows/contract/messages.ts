import { type Action } from './actions';
import { type Asked } from './approvals';
import { type Call } from './calls';
import { type Ending, type Execution, type LockRequest } from './companions';
import { type NotifyTarget } from './site';

/** Names of workflow types, as their exported functions are called. */
export const companions = { guard: 'guard', lock: 'lock', catalogue: 'catalogue' } as const;

export const guardIdOf = (workflowId: string): string => `guard/${workflowId}`;
export const lockIdOf = (site: string): string => `lock/${site}`;
export const catalogueIdOf = (site: string): string => `catalogue/${site}`;
export const guardQueueOf = (queue: string): string => `${queue}-guard`;

/** Every message between runs, companions and people; declared here once. */
export const messages = {
  /** Update of a run: `AbortRequest`. */
  abort: 'abort',
  /** Updates of a run that asks something: `Decision`; answered with the question as it is then, `Asked`. */
  approve: 'approve',
  reject: 'reject',
  /** Query of a run: `RunProgress`. */
  progress: 'progress',
  /** Query of a run: `Plan`, the steps so far. */
  plan: 'plan',
  /** Lock to run: `LockGrant`. */
  lockGranted: 'lockGranted',
  /** Lock to run: `LockWait`. */
  lockQueued: 'lockQueued',
  /** Run to lock: `LockRequest`. */
  lockRequest: 'lockRequest',
  /** Run to lock: `LockNote`. */
  lockNoted: 'lockNoted',
  /** Query of a lock: `LockState[]`. */
  locks: 'locks',
  /** Run to guard: `OpenBracket`. */
  bracketOpened: 'bracketOpened',
  /** Run to guard: the bracket's id, and the run id of who says so. */
  bracketClosed: 'bracketClosed',
  /** Run to guard: `{ id, close, call }`, another way back from now on. */
  bracketCommitted: 'bracketCommitted',
  /** Run to guard: everything is closed, the run is about to end; the run id of who says so. */
  disarm: 'disarm',
  /** Guard to run: the number of messages it has taken in. */
  guardAnswered: 'guardAnswered',
  /** Guard to run: a limit has passed, the guard will close; the run answers `yielded`. */
  guardTakesOver: 'guardTakesOver',
  /** Run to guard: the run closes nothing any more. */
  yielded: 'yielded',
  /** Query of a guard: `GuardState`. */
  brackets: 'brackets',
  /** Run to catalogue: `CatalogueReport`, what lies in a place; of before: `BackupRecord[]`, what lies on the volume. */
  catalogued: 'catalogued',
  /** Run to catalogue: `Drill`. */
  drilled: 'drilled',
  /** Worker to catalogue: `BackupWatch`, how old the last backup may be. */
  watched: 'watched',
  /** Query of a catalogue: `CatalogueEntry[]`, newest first. */
  backups: 'backups',
} as const;

export interface AbortRequest {
  readonly who: string;
  readonly why: string;
}

export interface LockGrant {
  readonly fence: number;
  /** The execution it is granted to; a reset of it hears of the grant too. Absent in grants of before. */
  readonly runId?: string;
}

export interface LockWait {
  readonly heldBy: string;
  readonly position: number;
}

/** One holder and who waits for it, as `runbook locks` shows it. */
export interface LockState {
  readonly resource: string;
  readonly holder: string;
  /** What the holder is at, if it has said so: `waits for a person`. */
  readonly note?: string;
  readonly since: string;
  readonly fence: number;
  readonly queue: readonly { readonly workflowId: string; readonly since: string }[];
}

export interface LockInput {
  readonly site: string;
  /** Carried over by continue-as-new. */
  readonly carried?: {
    readonly holders: readonly (LockRequest & {
      readonly since: string;
      readonly fence: number;
      readonly note?: string;
    })[];
    readonly queue: readonly (LockRequest & { readonly since: string })[];
    readonly fence: number;
  };
}

/** A state that must end, as its guard knows it. */
export interface OpenBracket {
  /** Counts up within the run: brackets are closed highest first. */
  readonly id: number;
  readonly title: string;
  readonly kind: 'bracket' | 'job';
  readonly close: Action;
  readonly call: Call;
  /** Epoch ms after which the guard ends the run and closes everything; null: no limit. */
  readonly limitAt: number | null;
  /** False: what is outside may be closed although this could not (a job that only reads). */
  readonly mustClose: boolean;
}

export interface GuardInput {
  readonly owner: Execution;
  readonly site: string;
  readonly runbook: string;
  readonly notify: readonly NotifyTarget[];
}

/** In the guard's memo, where a worker reads it without asking the guard: see `activities/guarded.ts`. */
export interface GuardMemo {
  readonly ownerRunId: string;
  readonly tookOver: boolean;
  /** Titles of the open brackets, outermost first. */
  readonly open: readonly string[];
}

export interface GuardState extends GuardMemo {
  readonly owner: Execution;
  readonly restored: readonly string[];
  readonly why: string | null;
}

/** What a guard has done when it ends. */
export interface GuardResult {
  /** Titles of what it closed, in order; empty if the run closed everything itself. */
  readonly restored: readonly string[];
  readonly why: Ending | 'limit' | null;
}

/** A line of the checklist. */
export interface ChecklistStep {
  readonly title: string;
  readonly action: string;
  readonly state: 'running' | 'done' | 'failed' | 'skipped';
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface RunProgress {
  /** Questions put to people, and their answers; the last one waits if it has none. */
  readonly asked: readonly Asked[];
  readonly phase: string;
  readonly steps: readonly ChecklistStep[];
  /** Titles of the open brackets, outermost first. */
  readonly open: readonly string[];
}
