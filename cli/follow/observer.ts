import { type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { type Progress } from '../../activities/implementation';
import { type Asked, pendingOf } from '../../workflows/contract/approvals';
import { type LockWait, messages } from '../../workflows/contract/messages';
import { type RunMemo } from '../../workflows/contract/runbooks';
import { activitiesOf } from '../report/activities';
import { guardOf } from '../report/guard';
import { decode, eventsOf, type History } from '../report/history';
import { buildReport, type RunDescription, type RunReport, type RunStatus } from '../report/report';

/** An activity that has not ended, of the run or of its guard. */
export interface UnderWay {
  readonly activityId: string;
  readonly title: string;
  readonly attempt: number;
  readonly progress: Progress | null;
  /** Why the last attempt failed; null on the first. */
  readonly trouble: string | null;
  readonly byGuard: boolean;
}

/** A run as it was at one moment. */
export interface Observation {
  readonly report: RunReport;
  readonly underWay: readonly UnderWay[];
  /** Who holds the lock the run waits for; null when it does not wait. */
  readonly waitsFor: LockWait | null;
  /** The question that the run puts to people; null when it asks nothing. */
  readonly asks: Asked | null;
  /** Whether a worker has taken the run up. */
  readonly taken: boolean;
}

interface Look {
  readonly description: WorkflowExecutionDescription;
  readonly history: History;
}

/** Looks at a run and its guard through the server alone; histories are fetched again only when they have grown. */
export class RunObserver {
  readonly #looks = new Map<string, Look>();
  #runId: string | undefined;

  constructor(
    readonly client: Client,
    readonly workflowId: string,
    runId?: string,
  ) {
    this.#runId = runId;
  }

  /** @throws `WorkflowNotFoundError` if the server does not know the run */
  async look(): Promise<Observation> {
    const run = await this.#lookAt({ workflowId: this.workflowId, runId: this.#runId });
    this.#runId = run.description.runId;
    const next = eventsOf(run.history).at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
    if (next) {
      this.#runId = next;
      return this.look();
    }
    const guardExecution = guardOf(run.history);
    const guard = guardExecution && (await this.#lookAt(guardExecution));
    const report = buildReport({
      history: run.history,
      description: describe(run.description),
      guard: guard && { history: guard.history, status: statusOf(guard.description) },
      now: new Date(),
    });
    return {
      report,
      underWay: [...underWay(run, false), ...(guard ? underWay(guard, true) : [])],
      waitsFor: report.status === 'running' ? lockWaitOf(run.history) : null,
      asks: report.status === 'running' ? pendingOf(report.asked) : null,
      taken: eventsOf(run.history).some(({ workflowTaskStartedEventAttributes: started }) => started),
    };
  }

  async #lookAt({ workflowId, runId }: { workflowId: string; runId: string | undefined }): Promise<Look> {
    const description = await this.client.workflow.getHandle(workflowId, runId).describe();
    const known = this.#looks.get(description.runId);
    // A run that ends writes its last event and its status at once.
    const unchanged = known && known.description.historyLength === description.historyLength;
    const history = unchanged
      ? known.history
      : await this.client.workflow.getHandle(workflowId, description.runId).fetchHistory();
    const look = { description, history };
    this.#looks.set(description.runId, look);
    return look;
  }
}

const statuses: Readonly<Record<string, RunStatus>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timedOut',
};

/** The server's word for how a workflow is, in ours; whatever is not an end is `running`. */
export function statusOf({ status }: { readonly status: { readonly name: string } }): RunStatus {
  return statuses[status.name] ?? 'running';
}

function describe(description: WorkflowExecutionDescription): RunDescription {
  const { workflowId, runId, type, startTime, closeTime, memo, raw } = description;
  return {
    workflowId,
    runId,
    workflowType: type,
    status: statusOf(description),
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    planDigest: (memo as RunMemo | undefined)?.planDigest ?? null,
    asked: (memo as RunMemo | undefined)?.asked ?? [],
    attempts: Object.fromEntries(
      (raw.pendingActivities ?? []).map(({ activityId, attempt }) => [activityId ?? '', attempt ?? 0]),
    ),
  };
}

function underWay({ description, history }: Look, byGuard: boolean): UnderWay[] {
  const known = new Map(activitiesOf(history).map((activity) => [activity.activityId, activity]));
  return (description.raw.pendingActivities ?? []).flatMap((pending) => {
    const activity = known.get(pending.activityId ?? '');
    if (!activity?.action) return [];
    const details = decode(pending.heartbeatDetails?.payloads?.[0]) as { progress?: Progress } | undefined;
    return {
      activityId: `${description.runId}/${pending.activityId}`,
      title: activity.title,
      attempt: pending.attempt ?? 1,
      progress: details?.progress ?? null,
      trouble: troubleOf(pending.lastFailure),
      byGuard,
    };
  });
}

type Failure = {
  message?: string | null;
  cause?: Failure | null;
  applicationFailureInfo?: { type?: string | null } | null;
};

function troubleOf(failure: Failure | null | undefined): string | null {
  if (!failure) return null;
  const type = failure.applicationFailureInfo?.type;
  return `${type ? `${type}: ` : ''}${failure.message ?? ''}`;
}

/** The last word of the lock: a place in the queue, or nothing any more once it was granted. */
function lockWaitOf(history: History): LockWait | null {
  let wait: LockWait | null = null;
  for (const { workflowExecutionSignaledEventAttributes: signal } of eventsOf(history)) {
    if (signal?.signalName === messages.lockQueued) wait = decode(signal.input?.payloads?.[0]) as LockWait;
    if (signal?.signalName === messages.lockGranted) wait = null;
  }
  return wait;
}
