import { Context } from '@temporalio/activity';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type CompanionActivities, type Ending, type Execution } from '../../workflows/contract/companions';
import { companions, lockIdOf, messages } from '../../workflows/contract/messages';
import { lastLandingOf } from './last-landing';

const pollMs = 500;

const endings: Record<string, Ending> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  CANCELED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timedOut',
};

/** What runs and their companions ask of the Temporal server. */
export function companionActivities({ client }: { client: Client }): Omit<CompanionActivities, 'loadSite'> {
  return {
    async requestLock(request) {
      await client.workflow.signalWithStart(companions.lock, {
        workflowId: lockIdOf(request.site),
        taskQueue: request.queue,
        args: [{ site: request.site }],
        signal: messages.lockRequest,
        signalArgs: [request],
        staticSummary: `Who may change site ${request.site}`,
      });
    },

    async cancelRun({ workflowId, runId }) {
      try {
        await client.workflow.getHandle(workflowId, runId).cancel();
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },

    async awaitEnd({ workflowId, runId }) {
      const { cancellationSignal, heartbeat, sleep } = contextOf();
      let watched = runId;
      for (;;) {
        const seen = await look(client, workflowId, watched);
        if (seen === 'continued') watched = await nextRun(client, { workflowId, runId: watched ?? '' });
        else if (seen !== 'running' && seen !== 'unknown') return seen;
        heartbeat();
        cancellationSignal.throwIfAborted();
        if (seen !== 'continued') await sleep(pollMs);
      }
    },

    async lastLanding(execution) {
      const handle = client.workflow.getHandle(execution.workflowId, execution.runId);
      try {
        return lastLandingOf(await handle.fetchHistory(), Date.now());
      } catch (error) {
        // A run whose history is gone has long ended.
        if (error instanceof WorkflowNotFoundError) return { any: null, targets: {} };
        throw error;
      }
    },
  };
}

function contextOf() {
  const context = Context.current();
  return {
    cancellationSignal: context.cancellationSignal,
    heartbeat: () => context.heartbeat(),
    sleep: (ms: number) => context.sleep(ms),
  };
}

/** An error is not an answer, but for the one that says that there is no such workflow. */
async function look(
  client: Client,
  workflowId: string,
  runId: string | null,
): Promise<Ending | 'running' | 'continued' | 'unknown'> {
  try {
    const { status } = await client.workflow.getHandle(workflowId, runId ?? undefined).describe();
    if (status.name === 'CONTINUED_AS_NEW') return 'continued';
    return endings[status.name] ?? 'running';
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? 'gone' : 'unknown';
  }
}

async function nextRun(client: Client, { workflowId, runId }: Execution): Promise<string> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const next = history?.events?.[0]?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  if (!next) throw new Error(`${workflowId} was continued as new, but its last event does not say as which run`);
  return next;
}
