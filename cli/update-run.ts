import { type WorkflowExecutionDescription, WorkflowUpdateFailedError } from '@temporalio/client';
import { CommandError, ExitCode } from './exit';
import { askWorker, type TemporalAccess } from './temporal';

/**
 * Sends an update to a run that goes on, and returns its answer.
 *
 * @param request what the update takes, made from how the run is now
 * @throws exit code 1 with the run's own words when it refuses, and when it has ended already
 */
export async function updateRun<A>(
  access: TemporalAccess,
  workflowId: string,
  update: string,
  request: (run: WorkflowExecutionDescription) => object,
): Promise<{ readonly runId: string; readonly answer: A }> {
  const handle = access.client.workflow.getHandle(workflowId);
  const run = await handle.describe();
  if (run.status.name !== 'RUNNING')
    throw new CommandError(ExitCode.failed, `${workflowId} has ended already: ${run.status.name.toLowerCase()}`);
  try {
    const answer = await askWorker(access, run.taskQueue, () =>
      handle.executeUpdate<A, [object]>(update, { args: [request(run)] }),
    );
    return { runId: run.runId, answer };
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new CommandError(ExitCode.failed, error.cause?.message ?? error.message);
  }
}
