import { type LoadedSite } from '../../workflows/contract/companions';
import { guardQueueOf } from '../../workflows/contract/messages';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { type InputOptions, inputFor, runbookNamed } from '../input';
import { RunObserver } from '../follow/observer';
import { requirePoller, type TemporalAccess } from '../temporal';

/** A run that is about to be started: everything that can be checked beforehand has been. */
export interface PreparedRun {
  readonly runbook: string;
  readonly workflowType: string;
  readonly site: LoadedSite;
  readonly input: Record<string, unknown>;
  readonly dryRun: boolean;
}

/**
 * Checks runbook, input and site file, touching nothing.
 *
 * @param more fields that the command itself decides
 * @throws exit code 2, or `InvalidInput`, with path and expectation
 */
export async function prepareRun(
  { sites }: Context,
  name: string,
  options: InputOptions,
  more: object = {},
): Promise<PreparedRun> {
  const { name: runbook, definition } = runbookNamed(name);
  const given = inputFor(definition, options, more);
  const site = await sites.load(typeof given.site === 'string' ? given.site : null);
  // The run gets the site by name, so that its id and what it works on agree whatever the worker's default is.
  const input = { ...given, site: site.name };
  return { runbook, workflowType: definition.workflow, site, input, dryRun: given.dryRun === true };
}

const takenWithinMs = 10_000;

/**
 * Starts a run and returns once a worker has taken it up.
 *
 * @throws exit code 3 without starting if no worker polls; exit code 3 with the run left in place if none takes it
 */
export async function startRun(access: TemporalAccess, run: PreparedRun): Promise<RunObserver> {
  const { queue } = run.site.document;
  await requirePoller(access, queue);
  if (!run.dryRun) await requirePoller(access, guardQueueOf(queue));
  const workflowId = `${run.runbook}/${run.site.name}/${new Date().toISOString()}`;
  const handle = await access.client.workflow.start(run.workflowType, {
    workflowId,
    taskQueue: queue,
    args: [run.input],
    staticSummary: `${run.runbook} of ${run.site.name}${run.dryRun ? ' (dry run)' : ''}`,
  });
  const observer = new RunObserver(access.client, workflowId, handle.firstExecutionRunId);
  const deadline = Date.now() + takenWithinMs;
  while (!(await observer.look()).taken) {
    if (Date.now() > deadline)
      throw new CommandError(
        ExitCode.unreachable,
        `${workflowId} is started, but no worker on queue ${queue} has taken it within ${takenWithinMs / 1000} s. ` +
          'It is left in place and begins as soon as one does: runbook worker',
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return observer;
}
