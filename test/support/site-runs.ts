import { type Client, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type GuardResult } from '../../workflows/contract/messages';

/** Runs on the site in memory, each with an id of its own. */
export class SiteRuns {
  #count = 0;

  constructor(private readonly client: () => Client) {}

  async start(workflow: string, input: unknown): Promise<WorkflowHandle> {
    this.#count += 1;
    return await this.client().workflow.start(workflow, {
      workflowId: `${workflow}/fake/${this.#count}`,
      taskQueue: 'runbooks',
      args: [input],
    });
  }

  guardOf({ workflowId }: WorkflowHandle): WorkflowHandle {
    return this.client().workflow.getHandle(`guard/${workflowId}`);
  }

  guardEnded(run: WorkflowHandle): Promise<GuardResult> {
    return this.guardOf(run).result() as Promise<GuardResult>;
  }

  /** A lock outlives its site: the next test begins with a free one. */
  async terminateAll(): Promise<void> {
    const { workflow } = this.client();
    for await (const { workflowId, runId } of workflow.list({ query: 'ExecutionStatus = "Running"' }))
      await workflow
        .getHandle(workflowId, runId)
        .terminate()
        .catch(() => undefined);
  }
}

/** What a run that must fail has failed with. */
export async function failureOf(run: WorkflowHandle): Promise<ApplicationFailure> {
  const error: unknown = await run.result().then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  const cause = error instanceof WorkflowFailedError ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) throw cause;
  return cause;
}
