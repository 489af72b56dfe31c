import { type Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

/** A dead worker stays listed for minutes; a living one asks at least once a minute. */
export const pollerSeenWithinMs = 70_000;

/** A worker that asks a queue for workflow tasks. */
export interface Poller {
  readonly identity: string;
  /** Null if it is not versioned. */
  readonly buildId: string | null;
}

/**
 * Identities of the workers seen to ask a queue for workflow tasks in the last 70 s.
 *
 * An empty answer proves that no worker is there; a name does not prove that it still is.
 */
export async function pollersOf(connection: Connection, namespace: string, queue: string): Promise<readonly string[]> {
  return (await versionedPollersOf(connection, namespace, queue)).map(({ identity }) => identity);
}

/**
 * The same, with the build of each.
 *
 * @param seenWithinMs @default 70 s
 */
export async function versionedPollersOf(
  connection: Connection,
  namespace: string,
  queue: string,
  seenWithinMs: number = pollerSeenWithinMs,
): Promise<readonly Poller[]> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  const versioned = temporal.api.enums.v1.WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED;
  return (pollers ?? [])
    .filter(({ lastAccessTime }) => Date.now() - milliseconds(lastAccessTime) < seenWithinMs)
    .map(({ identity, deploymentOptions }) => ({
      identity: identity ?? '',
      buildId: deploymentOptions?.workerVersioningMode === versioned ? (deploymentOptions.buildId ?? null) : null,
    }));
}

function milliseconds(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;
}
