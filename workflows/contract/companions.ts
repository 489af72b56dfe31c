import { z } from 'zod';
import { type SiteDocument } from './site';

/** The site a run works on, with the text it was read from. */
export interface LoadedSite {
  readonly name: string;
  readonly document: SiteDocument;
  /** Of the file's bytes, hexadecimal. */
  readonly sha256: string;
}

/** One execution of a workflow. */
export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/** How a watched workflow ended. `gone` is a workflow that the server does not know. */
export type Ending = 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timedOut' | 'gone';

/** What runs and their companions need of the world besides actions. */
export interface CompanionActivities {
  /** @param site null for the worker's default site */
  loadSite(site: string | null): Promise<LoadedSite>;
  /** Asks the site's lock, starting it if need be; the answer comes as a signal. Safe to repeat. */
  requestLock(request: LockRequest): Promise<void>;
  /**
   * Returns when exactly this execution has ended; follows continue-as-new. Without a run id: the latest one.
   * An error is not an answer: it goes on asking.
   */
  awaitEnd(execution: { readonly workflowId: string; readonly runId: string | null }): Promise<Ending>;
  /** Requests the cancellation of exactly this execution; one that has ended is no failure. */
  cancelRun(execution: Execution): Promise<void>;
  /** Until when changes that this run has sent may still land. Jobs do not count: their tombstones refuse them. */
  lastLanding(execution: Execution): Promise<LastLanding>;
}

/** Moments (epoch ms) after which nothing can land any more: of attempts that were given up, or are under way. */
export interface LastLanding {
  /** Of any change; null: nothing can. */
  readonly any: number | null;
  /** By target, of changes that do not lead back. May be past: what landed then may have landed after a close. */
  readonly targets: Readonly<Record<string, number>>;
}

/** Asks for the right to change resources of a site. */
export const lockRequest = z.object({
  site: z.string().min(1),
  // The server fails the task of a workflow that signals an execution whose run id is no UUID, again and again.
  run: z.object({ workflowId: z.string().min(1), runId: z.guid() }),
  runbook: z.string(),
  /** The guard that keeps the lock after its run: `guard/<workflow id>`. */
  guard: z.string().min(1),
  /** Resource paths: `site`, `host/db1`. `site` conflicts with everything. */
  resources: z.array(z.string().min(1)).min(1).readonly(),
  /** Queue of the lock's worker. */
  queue: z.string(),
});
export type LockRequest = Readonly<z.output<typeof lockRequest>>;

/** What a holder is at, where others would want to know why it takes long; null: nothing to be said. */
export const lockNote = z.object({
  run: z.object({ workflowId: z.string(), runId: z.string() }),
  note: z.string().max(200).nullable(),
});
export type LockNote = Readonly<z.output<typeof lockNote>>;
