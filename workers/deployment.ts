import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { type WorkerDeploymentOptions } from '@temporalio/worker';

/** The worker deployment that all versioned workers belong to, whatever queue they poll. */
export const deploymentName = 'runbooks';

/** The builds of the workers, as the server knows them. */
export interface Deployment {
  /** The build that new runs get, and guards, locks and catalogues move to; null: unversioned workers get them. */
  readonly current: string | null;
  /** Of the current build; a queue that it never polled is left to unversioned workers. */
  readonly currentQueues: readonly string[];
  /** Newest first. */
  readonly builds: readonly string[];
}

/** A run begun on the queue of runs stays with its build; what a guard queue serves must outlive builds. */
export function deploymentOptions(buildId: string, part: 'runbooks' | 'guard'): WorkerDeploymentOptions {
  return {
    version: { deploymentName, buildId },
    useWorkerVersioning: true,
    // Of the worker, not of the workflow's definition: a server refuses every task of an unversioned worker whose
    // workflows declare a behavior. A pinned guard would die with the workers of its build.
    defaultVersioningBehavior: part === 'guard' ? 'AUTO_UPGRADE' : 'PINNED',
  };
}

/** A short hash of the workflows' code: the same code has the same id on every machine. */
export function buildIdOf(bundleFile: string): string {
  // The source map names the directory the code was bundled in.
  const [code] = readFileSync(bundleFile, 'utf8').split(/^\/\/# sourceMappingURL=/m);
  return createHash('sha256').update(code!).digest('hex').slice(0, 12);
}

/** Null before the first versioned worker has polled. */
export async function readDeployment(connection: Connection, namespace: string): Promise<Deployment | null> {
  const found = await unlessUnknown(connection.workflowService.describeWorkerDeployment({ namespace, deploymentName }));
  if (!found) return null;
  const { versionSummaries, routingConfig } = found.workerDeploymentInfo ?? {};
  const current = routingConfig?.currentDeploymentVersion?.buildId || null;
  return {
    current,
    currentQueues: current === null ? [] : await queuesOf(connection, namespace, current),
    builds: (versionSummaries ?? []).flatMap(({ deploymentVersion }) => deploymentVersion?.buildId ?? []),
  };
}

/**
 * Makes a build the one that new runs get, and that guards, locks and catalogues move to. Runs in progress stay with
 * theirs. Safe to repeat.
 *
 * @param queues waits until the server knows that the build polls them
 */
export async function makeCurrent(
  connection: Connection,
  namespace: string,
  { buildId, queues, until }: { buildId: string; queues: readonly string[]; until: AbortSignal },
): Promise<void> {
  for (;;) {
    const known = await queuesOf(connection, namespace, buildId);
    if (queues.every((queue) => known.includes(queue))) break;
    if (until.aborted) return;
    await sleep(100);
  }
  await connection.workflowService.setWorkerDeploymentCurrentVersion({
    namespace,
    deploymentName,
    buildId,
    // A queue that only workers of the earlier build poll must not hold this one up: the doctor names it.
    ignoreMissingTaskQueues: true,
  });
}

/** The queues the server has seen a build poll. */
async function queuesOf(connection: Connection, namespace: string, buildId: string): Promise<readonly string[]> {
  const found = await unlessUnknown(
    connection.workflowService.describeWorkerDeploymentVersion({
      namespace,
      deploymentVersion: { deploymentName, buildId },
    }),
  );
  return (found?.versionTaskQueues ?? []).flatMap(({ name }) => name ?? []);
}

async function unlessUnknown<T>(asked: Promise<T>): Promise<T | null> {
  const notFound = 5;
  return await asked.catch((error: unknown) => {
    if (isGrpcServiceError(error) && error.code === (notFound as never)) return null;
    throw error;
  });
}
