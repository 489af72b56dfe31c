import { type Client } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { activitiesOf } from '../../activities/activities';
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

/** A worker for runs, guards or both, whose actions act on a site in memory. @param workflowsPath default: today's workflows */
export async function startSiteWorker(
  address: string,
  client: Client,
  site: FakeSite,
  queues: readonly string[] = ['runbooks', 'runbooks-guard'],
  workflowsPath?: string,
): Promise<SiteWorker> {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  installed = true;
  const connection = await NativeConnection.connect({ address });
  const bundle = workflowsPath ? await workflowBundle(workflowsPath) : { codePath: await builtWorkflows() };
  const activities = activitiesOf(site.implementations(), { client, tell: site.tell, loadSite: site.loadSite });
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
