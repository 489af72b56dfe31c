import { type Bench } from './bench';
import { lockHoldersOf } from './lock';
import { type Moment, momentsOf } from './moments';
import { type Subject } from './subjects';

/** Does a run that nothing befalls, and returns its moments. */
export async function record(
  bench: Bench,
  { runbook, workflowType, input }: Pick<Subject, 'runbook' | 'workflowType' | 'input'>,
): Promise<readonly Moment[]> {
  const { client } = bench;
  const workflowId = `${runbook}/lab/${new Date().toISOString()}`;
  const handle = await client.workflow.start(workflowType, { workflowId, taskQueue: 'runbooks', args: [input] });
  await handle.result();
  // The next one must not meet it.
  await lockHoldersOf(bench);
  return momentsOf(await handle.fetchHistory());
}
