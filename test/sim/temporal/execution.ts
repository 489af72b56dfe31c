import { type Ending } from '../../../workflows/contract/companions';
import { type ActivityTask } from './activity-task';
import { type Failure } from './payloads';
import { type Command, type Instance, type Job } from './sandbox';

export interface Start {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly queue: string;
  readonly args: readonly unknown[];
  readonly parent?: { readonly run: Execution; readonly seq: number; readonly closePolicy: number };
}

export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'cancelled' | 'terminated' | 'timedOut' }
  | { readonly kind: 'continued'; readonly next: string };

/** One workflow task: what a run was told, and what it asked for. Replaying them makes the same commands. */
export interface WorkflowTask {
  readonly atMs: number;
  readonly jobs: Job[];
  readonly commands: readonly Command[];
}

/** One execution of a workflow, as the server and its worker know it. */
export class Execution {
  outcome: Outcome | null = null;
  memo: Record<string, unknown> = {};
  /** Told with the next workflow task. */
  pending: Job[] = [];
  taskDue = false;
  readonly tasks: WorkflowTask[] = [];
  /** In the cache of a worker; null after that worker's death. */
  instance: Instance | null = null;
  /** The run that a reset has made of this one. */
  resetTo: Execution | null = null;
  readonly flags = new Set<number>();
  readonly timers = new Map<number, () => void>();
  readonly activities = new Map<number, ActivityTask>();
  /** Pending children by sequence number. */
  readonly children = new Map<number, Execution>();
  /** Activities only, as far as `lastLandingOf` looks. */
  readonly history: { readonly eventId: number; readonly eventTime: { readonly seconds: number } }[] = [];
  /** Activities that have succeeded. */
  readonly completed: string[] = [];
  readonly closed: (() => void)[] = [];

  constructor(
    readonly start: Start,
    readonly startedAtMs: number,
  ) {}

  get id(): string {
    return this.start.workflowId;
  }

  get running(): boolean {
    return this.outcome === null;
  }

  get ending(): Ending | null {
    return this.outcome === null || this.outcome.kind === 'continued' ? null : this.outcome.kind;
  }

  /** @returns the event's id */
  record(atMs: number, attributes: object): number {
    const eventId = this.history.length + 1;
    this.history.push({ eventId, eventTime: { seconds: Math.floor(atMs / 1000) }, ...attributes });
    return eventId;
  }
}
