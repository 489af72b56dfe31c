import { type Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

/** A dead worker stays listed for minutes; a living one asks at least once a minute. */
const seenWithinMs = 70_000;

/**
 * Identities of the workers seen to ask a queue for workflow tasks in the last 70 s.
 *
 * An empty answer proves that no worker is there; a name does not prove that it still is.
 */
export async function pollersOf(connection: Connection, namespace: string, queue: string): Promise<readonly string[]> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  return (pollers ?? [])
    .filter(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < seenWithinMs)
    .map(({ identity }) => identity ?? '');
}
