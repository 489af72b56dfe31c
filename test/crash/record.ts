import { type Bench } from './bench';
import { lockHoldersOf } from './lock';
import { type Moment, momentsOf } from './moments';

/** Runs a backup that nothing befalls, and returns its moments. */
export async function record(bench: Bench): Promise<readonly Moment[]> {
  const { client } = bench;
  const workflowId = `daily-backup/lab/${new Date().toISOString()}`;
  const handle = await client.workflow.start('dailyBackup', { workflowId, taskQueue: 'runbooks', args: [{}] });
  await handle.result();
  // The next one must not meet it.
  await lockHoldersOf(bench);
  return momentsOf(await handle.fetchHistory());
}
