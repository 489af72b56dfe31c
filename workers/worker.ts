import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { makeTelemetryFilterString, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { guardQueueOf } from '../workflows/contract/messages';
import { type TemporalConfig } from './config';
import { buildIdOf, deploymentName, deploymentOptions, makeCurrent, readDeployment } from './deployment';
import { workerLogger } from './logger';
import { versionedPollersOf } from './pollers';
import { checkSearchAttributes, wrongTypeText } from './setup';

export type WorkerPart = 'runbooks' | 'guard';

/** What workers carry out, and how they let go of what they hold. */
export interface WorkerActivities {
  readonly activities: object;
  readonly close: () => Promise<void>;
}

export interface RunWorkerOptions<A extends WorkerActivities = WorkerActivities> {
  readonly temporal: TemporalConfig;
  /** The queue of runs; guards poll `<queue>-guard`. @default 'runbooks' */
  readonly queue?: string;
  /** Poll only one of the two queues. @default both */
  readonly only?: WorkerPart;
  /** File with the code of the workflows, bundled ahead of time. */
  readonly bundleFile: string;
  /**
   * Take part in worker versioning, as the build that the bundle's hash names; `promoted`: as the current one, too.
   * A run then ends on the build it began on, while guards, locks and catalogues move to the current build.
   * @default unversioned
   */
  readonly versioned?: 'as it is' | 'promoted';
  readonly createActivities: (client: Client) => A | Promise<A>;
  /** Runs once the workers poll, e.g. to look for open brackets. A failure of it is said and stops nothing. */
  readonly onReady?: (client: Client, activities: A) => Promise<void>;
  /** Ends the workers gracefully; SIGINT and SIGTERM do so too. */
  readonly until?: AbortSignal;
  readonly say: (line: string) => void;
}

/** A namespace in which runs would hang for ever. */
export class NotSetUp extends Error {}

/** There is no Temporal server at the address. */
export class TemporalUnreachable extends Error {}

const timing = {
  // A step that is nearly done may finish; with the default of 0 it fails at once and uses up an attempt.
  shutdownGraceTime: '10s',
  // Decides how fast a cancellation reaches an activity, and how much progress a killed worker takes with it.
  maxHeartbeatThrottleInterval: '1s',
  // A killed worker's runs are offered to the others this soon.
  stickyQueueScheduleToStartTimeout: '3s',
} as const satisfies Partial<WorkerOptions>;

/**
 * Works until told to stop; says `ready` once the server has seen every queue being polled.
 *
 * @throws `TemporalUnreachable`; `NotSetUp` if a search attribute is missing or has another type
 */
export async function runWorker<A extends WorkerActivities>(options: RunWorkerOptions<A>): Promise<void> {
  const { temporal, queue = 'runbooks', only, say } = options;
  logTo(say);
  const buildId = options.versioned ? buildIdOf(options.bundleFile) : null;
  const queues = [...(only === 'guard' ? [] : [queue]), ...(only === 'runbooks' ? [] : [guardQueueOf(queue)])];
  const connection = await Connection.connect({ ...temporal.connection, connectTimeout: '5s' }).catch(
    (error: Error) => {
      throw new TemporalUnreachable(`Temporal cannot be reached at ${temporal.connection.address}: ${error.message}`);
    },
  );
  try {
    await refuseUnlessSetUp(connection, temporal.namespace);
    const client = new Client({ connection, namespace: temporal.namespace });
    const activities = await options.createActivities(client);
    const native = await NativeConnection.connect(temporal.connection);
    try {
      const workers = await Promise.all(
        queues.map((taskQueue) =>
          Worker.create({
            ...timing,
            connection: native,
            namespace: temporal.namespace,
            taskQueue,
            identity: identityOf(taskQueue),
            workflowBundle: { codePath: options.bundleFile },
            activities: activities.activities,
            ...(buildId !== null && {
              workerDeploymentOptions: deploymentOptions(
                buildId,
                taskQueue === guardQueueOf(queue) ? 'guard' : 'runbooks',
              ),
            }),
          }),
        ),
      );
      await runTogether(
        workers,
        async (running) => {
          await untilPolled(connection, temporal.namespace, queues, buildId, running);
          if (buildId !== null && options.versioned === 'promoted')
            await makeCurrent(connection, temporal.namespace, { buildId, queues, until: running });
          if (running.aborted) return;
          if (buildId !== null) say(await standing(connection, temporal.namespace, buildId));
          say('ready');
          await options
            .onReady?.(client, activities)
            .catch((error: unknown) => say(`after the start: ${String(error)}`));
        },
        options.until,
      );
    } finally {
      await native.close();
      await activities.close();
    }
  } finally {
    await connection.close();
  }
}

/** The end of one worker, wanted or not, is the end of all. */
async function runTogether(
  workers: readonly Worker[],
  besides: (running: AbortSignal) => Promise<void>,
  until?: AbortSignal,
): Promise<void> {
  const stopped = new AbortController();
  const stop = () => {
    stopped.abort();
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) => worker.run().finally(stop));
  if (until?.aborted) stop();
  until?.addEventListener('abort', stop, { once: true });
  const beside = besides(stopped.signal).catch((error: unknown) => {
    stop();
    throw error;
  });
  const results = await Promise.allSettled([beside, ...runs]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function untilPolled(
  connection: Connection,
  namespace: string,
  queues: readonly string[],
  buildId: string | null,
  running: AbortSignal,
): Promise<void> {
  for (const queue of queues) {
    const polls = async () =>
      (await versionedPollersOf(connection, namespace, queue)).some(
        (poller) => poller.identity === identityOf(queue) && poller.buildId === buildId,
      );
    while (!running.aborted && !(await polls())) await sleep(50);
  }
}

/** A build that is not current gets no new runs, and the server warns of nothing. */
async function standing(connection: Connection, namespace: string, buildId: string): Promise<string> {
  const current = (await readDeployment(connection, namespace))?.current ?? null;
  if (current === buildId) return `build ${buildId} is current`;
  const what = current === null ? 'no build is current, and it gets no work' : `${current} is: it gets no new runs`;
  return (
    `build ${buildId} is not current (${what}). Start it with --versioned --promote, or: ` +
    `temporal worker deployment set-current-version --deployment-name ${deploymentName} --build-id ${buildId}`
  );
}

async function refuseUnlessSetUp(connection: Connection, namespace: string): Promise<void> {
  const { missing, wrongType } = await checkSearchAttributes(connection, namespace);
  if (wrongType.length) throw new NotSetUp(wrongTypeText(namespace, wrongType));
  if (missing.length)
    throw new NotSetUp(
      `namespace ${namespace} lacks search attributes (${missing.join(', ')}), runs would hang: run \`runbook setup\``,
    );
}

const identityOf = (queue: string) => `${process.pid}@${hostname()}/${queue}`;

/** The SDK allows one runtime a process, installed before its first use; what it says goes where the first worker's does. */
function logTo(say: (line: string) => void): void {
  try {
    // Not forwarded: that would keep a process alive whose worker was refused.
    const logging = { console: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
    Runtime.install({ logger: workerLogger(say), telemetryOptions: { logging } });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'IllegalStateError') throw error;
  }
}
