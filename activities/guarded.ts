import { ApplicationFailure } from '@temporalio/common';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type Call } from '../workflows/contract/calls';
import { type FailureDetails } from '../workflows/contract/failures';
import { type GuardMemo } from '../workflows/contract/messages';

/**
 * Makes sure that the run's guard stands behind it before something is changed inside a bracket.
 *
 * A change needs a guard that runs, watches this very run and has not taken over; a close only one that has not taken
 * over and is not another run's. Asks the server, no worker.
 * @throws `PreconditionFailed`, never retried: a run that was reset, or whose guard is gone, changes nothing any more
 */
export async function requireGuard(client: Client, call: Call): Promise<void> {
  if (!call.guard) return;
  const { workflowId, for: purpose } = call.guard;
  let running = false;
  let memo: Partial<GuardMemo> = {};
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    running = description.status.name === 'RUNNING';
    memo = description.memo ?? {};
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    // Without a guard nothing was opened that a close could be wrong about.
    if (purpose === 'close') return;
  }
  const why = !memo.ownerRunId
    ? 'it does not exist'
    : memo.ownerRunId !== call.runId
      ? `it stands behind run ${memo.ownerRunId}: this run was reset`
      : memo.tookOver
        ? 'it has taken over'
        : purpose === 'change' && !running
          ? 'it has ended'
          : null;
  if (why === null) return;
  const details: FailureDetails = { operation: 'guard', target: workflowId };
  // The one failure that no policy may retry: the close of a run that has lost its guard would be tried for ever.
  throw ApplicationFailure.create({
    type: 'PreconditionFailed',
    message: `the guard ${workflowId} does not stand behind this run: ${why}; nothing was changed. Start a new run`,
    nonRetryable: true,
    details: [details],
  });
}
