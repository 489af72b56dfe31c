import { type Client } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { type ActionName, actions } from '../../workflows/contract/actions';
import { activitiesOf } from '../../activities/activities';
import { type ActionContext, type ChangeImplementation, type Implementations } from '../../activities/implementation';
import { builtWorkflows } from './built-workflows';
import { type FakeSite } from './fake-site';

const bundles = new Map<string, Promise<WorkflowBundleWithSourceMap>>();

/** The bundle of a test's own workflows, made once per test file. */
export function workflowBundle(workflowsPath: string): Promise<WorkflowBundleWithSourceMap> {
  const made = bundles.get(workflowsPath) ?? bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  bundles.set(workflowsPath, made);
  return made;
}

export interface SiteWorker {
  stop(): Promise<void>;
}

let installed = false;

/**
 * A worker for runs, guards or both, whose actions act on a site in memory.
 *
 * @param site the one that an action acts on that begins now: to load the workflows costs a worker more than a run does,
 * so tests may share one
 * @param workflowsPath default: today's workflows
 */
export async function startSiteWorker(
  address: string,
  client: Client,
  site: () => FakeSite,
  queues: readonly string[] = ['runbooks', 'runbooks-guard'],
  workflowsPath?: string,
): Promise<SiteWorker> {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  installed = true;
  const connection = await NativeConnection.connect({ address });
  const bundle = workflowsPath ? await workflowBundle(workflowsPath) : { codePath: await builtWorkflows() };
  const activities = activitiesOf(implementationsOf(site), {
    client,
    tell: (targets, message, ...rest) => site().tell(targets, message, ...rest),
    loadSite: (name) => site().loadSite(name),
  });
  const workers = await Promise.all(
    queues.map(async (taskQueue) =>
      Worker.create({
        connection,
        taskQueue,
        workflowBundle: bundle,
        activities,
        maxHeartbeatThrottleInterval: '1s',
        shutdownGraceTime: '100ms',
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  return {
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await connection.close();
    },
  };
}

function implementationsOf(site: () => FakeSite): Implementations {
  const entries = (Object.keys(actions) as ActionName[]).map((action) => {
    const now = () => site().implementations()[action] as ChangeImplementation<never, unknown>;
    return [
      action,
      {
        do: (input: never, context: ActionContext) => now().do(input, context),
        describe: (input: never, context: ActionContext) => now().describe(input, context),
      },
    ];
  });
  return Object.fromEntries(entries) as Implementations;
}
