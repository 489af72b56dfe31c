import { type ScheduleDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { type RunbookName, runbooks } from '../../workflows/contract/runbooks';
import { type OverlapPolicy, type ScheduleDocument } from '../../workflows/contract/schedules';
import { actualTiming, declaredTiming, type Timing } from './timing';

/** What a schedule is, whether a file declares it or a server holds it. */
export interface Schedule {
  readonly timing: Timing;
  readonly overlap: string;
  readonly catchUpMs: number;
  readonly pauseOnFailure: boolean;
  readonly note: string;
  readonly workflow: string;
  /** The server adds `-<time>`. */
  readonly workflowId: string;
  readonly queue: string;
  /** Of each run: its only argument. */
  readonly input: unknown;
  readonly summary: string;
  /** Memo and search attributes of each run, those that it has before it sets its own. */
  readonly memo: Readonly<Record<string, unknown>>;
  readonly searchAttributes: Readonly<Record<string, unknown>>;
  /** What we never set, and somebody else may have: limits of time, number and retries, by name. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** A schedule that a file declares for one site. */
export interface Declared extends Schedule {
  readonly id: string;
  readonly runbook: RunbookName;
  readonly site: string;
}

/** The schedule's id, which begins the ids of its runs. */
export function scheduleIdOf(runbook: string, site: string, name: string | undefined): string {
  return [runbook, site, ...(name === undefined ? [] : [name])].join('/');
}

/** What a document means for one of its sites. */
export function declare(runbook: RunbookName, document: ScheduleDocument, site: string, queue: string): Declared {
  const id = scheduleIdOf(runbook, site, document.name);
  return {
    id,
    runbook,
    site,
    timing: declaredTiming(document),
    overlap: document.overlap,
    catchUpMs: document.catchUpSeconds * 1000,
    pauseOnFailure: document.pauseOnFailure,
    note: document.note,
    workflow: runbooks[runbook].workflow,
    workflowId: id,
    queue,
    input: { ...document.input, site },
    summary: `${runbook} of ${site}, by schedule`,
    memo: { schedule: id, note: document.note },
    searchAttributes: {
      RunbookName: [runbook],
      RunbookSite: [site],
      RunbookDryRun: [document.input.dryRun === true],
    },
    more: {},
  };
}

/** What the server's overlap policies are called in files. */
export const overlapNames: Readonly<Record<string, OverlapPolicy>> = {
  SKIP: 'skip',
  BUFFER_ONE: 'bufferOne',
  BUFFER_ALL: 'bufferAll',
  CANCEL_OTHER: 'cancelOther',
  ALLOW_ALL: 'allowAll',
};

/** What a server's description means. */
export function actualSchedule({ spec, action, policies, state, raw }: ScheduleDescription): Schedule {
  const { workflowExecutionTimeout, workflowRunTimeout, workflowTaskTimeout } =
    raw.schedule?.action?.startWorkflow ?? {};
  const more = {
    startAt: spec.startAt?.toISOString(),
    endAt: spec.endAt?.toISOString(),
    remainingActions: state.remainingActions,
    workflowExecutionTimeoutMs: optionalTsToMs(workflowExecutionTimeout),
    workflowRunTimeoutMs: optionalTsToMs(workflowRunTimeout),
    workflowTaskTimeoutMs: optionalTsToMs(workflowTaskTimeout),
    retry: action.retry,
  };
  return {
    timing: actualTiming(raw.schedule?.spec ?? {}),
    overlap: overlapNames[String(policies.overlap)] ?? String(policies.overlap),
    catchUpMs: policies.catchupWindow,
    pauseOnFailure: policies.pauseOnFailure,
    note: state.note ?? '',
    workflow: action.workflowType,
    workflowId: action.workflowId,
    queue: action.taskQueue,
    input: action.args?.length === 1 ? (action.args as unknown[])[0] : action.args,
    summary: action.staticSummary ?? '',
    memo: action.memo ?? {},
    searchAttributes: action.searchAttributes ?? {},
    more: Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)),
  };
}
