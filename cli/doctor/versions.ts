import { type Deployment, deploymentName, readDeployment } from '../../workers/deployment';
import { type Poller, versionedPollersOf } from '../../workers/pollers';
import { type Check, type CheckContext, type Finding } from './check';
import { queuesOfSites } from './site-queues';

interface OpenRun {
  readonly workflowId: string;
  readonly queue: string;
}

/** Every run, and every guard, has a worker whose build may carry it out: otherwise it hangs, and nothing warns. */
export const versions: Check = {
  name: 'versions',
  run: async (context) => {
    const { connection, namespace, sites } = context;
    const pollers = pollersByQueue(context);
    const siteQueues = [...(await queuesOfSites(sites)).queues.keys()];
    const deployment = await readDeployment(connection, namespace);
    if (!deployment) return [{ level: 'ok', text: 'workers are not versioned' }];
    const ofQueues = siteQueues.map(async (queue) => routing(deployment, queue, await pollers(queue)));
    const ofBuilds = deployment.builds.map(async (build) =>
      neededBy(deployment, build, await runsPinnedTo(context, build), pollers),
    );
    return [standing(deployment), ...(await Promise.all(ofQueues)).flat(), ...(await Promise.all(ofBuilds)).flat()];
  },
};

function standing({ current }: Deployment): Finding {
  if (current !== null) return { level: 'ok', text: `build ${current} is current` };
  return { level: 'ok', text: 'no build is current: new runs go to unversioned workers' };
}

/** Whether new runs, guards and locks on a queue reach one of its workers. A queue without any is another check's. */
function routing({ current, currentQueues }: Deployment, queue: string, pollers: readonly Poller[]): Finding[] {
  if (!pollers.length) return [];
  const wanted = current !== null && currentQueues.includes(queue) ? current : null;
  const idle = pollers.filter(({ buildId }) => buildId === null);
  if (pollers.some(({ buildId }) => buildId === wanted))
    return wanted === null || !idle.length
      ? []
      : [
          {
            level: 'warning',
            text: `unversioned workers beside the current build get no work on queue ${queue}: ${names(idle)}`,
            next: 'stop them, or start them with --versioned',
          },
        ];
  const there = [...new Set(pollers.map(({ buildId }) => buildId ?? 'none'))].join(', ');
  return [
    {
      level: 'problem',
      text:
        `new runs and guards on queue ${queue} wait for ever: ` +
        (wanted === null
          ? `${current === null ? 'no build is current' : `the current build ${current} never polled it`}, and its workers are of build ${there}`
          : `build ${wanted} is current, and the workers there are of build ${there}`),
      next: 'runbook worker --versioned --promote, from the code that is to be current',
    },
  ];
}

async function neededBy(
  { current }: Deployment,
  build: string,
  runs: readonly OpenRun[],
  pollers: (queue: string) => Promise<readonly Poller[]>,
): Promise<Finding[]> {
  const served = new Map<string, boolean>();
  for (const { queue } of runs)
    served.set(
      queue,
      (await pollers(queue)).some(({ buildId }) => buildId === build),
    );
  const hanging = runs.filter(({ queue }) => !served.get(queue));
  const going = runs.filter(({ queue }) => served.get(queue));
  const findings = hanging.map(({ workflowId, queue }): Finding => ({
    level: 'problem',
    text: `${workflowId} hangs: it began on build ${build}, and no worker of that build polls queue ${queue}`,
    next:
      'start a worker from that code: runbook worker --versioned. Or, if `runbook replay` of the run finds no ' +
      `difference, give it to the current build: temporal workflow update-options --workflow-id ${workflowId} ` +
      '--versioning-override-behavior auto_upgrade',
  }));
  if (going.length)
    findings.push({
      level: build === current ? 'ok' : 'warning',
      text: `build ${build} is needed by ${going.map(({ workflowId }) => workflowId).join(', ')}`,
      ...(build !== current && { next: 'keep its workers until these runs have ended' }),
    });
  return findings;
}

/** Runs that may only go on with a build; guards, locks and catalogues move on of themselves. */
async function runsPinnedTo({ client }: CheckContext, build: string): Promise<readonly OpenRun[]> {
  const query =
    `TemporalWorkerDeploymentVersion = '${deploymentName}:${build}' AND ` +
    `TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'`;
  const runs: OpenRun[] = [];
  for await (const { workflowId, taskQueue } of client.workflow.list({ query }))
    runs.push({ workflowId, queue: taskQueue });
  return runs;
}

/** Asked once a queue. */
function pollersByQueue({ connection, namespace, seenWithinMs }: CheckContext) {
  const asked = new Map<string, Promise<readonly Poller[]>>();
  return (queue: string): Promise<readonly Poller[]> => {
    const known = asked.get(queue) ?? versionedPollersOf(connection, namespace, queue, seenWithinMs);
    asked.set(queue, known);
    return known;
  };
}

const names = (pollers: readonly Poller[]): string => pollers.map(({ identity }) => identity).join(', ');
