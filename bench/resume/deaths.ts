import { type Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import { labControl } from '../../lab/control';
import { type LabSite, type WorkerProcess } from '../../test/support/lab-site';
import { until } from '../../test/support/temporal-server';
import { type Contender, type Workshop } from '../harness/bench';
import { useLab } from '../support/lab';

const settings = { LAB_MEGABYTES: '24', LAB_VISITS_PER_SECOND: '50', LAB_BOOT_DELAY_MS: '200' };
/** So slow that a copy is still under way when the blow falls, and when another worker has noticed. */
const mbps = 10;

/** Two workers and a guard on a lab: one worker is killed in the middle of the copy ahead, then the run is terminated in that of the copy. */
export async function prepareDeaths(workshop: Workshop): Promise<readonly Contender[]> {
  const lab = await useLab(workshop, settings);
  const client = await lab.client();
  workshop.onClose(() => client.connection.close());
  const startWorker = () => lab.worker('--only', 'runbooks');
  const [, ...first] = await Promise.all([lab.worker('--only', 'guard'), startWorker(), startWorker()]);
  let workers: WorkerProcess[] = first;
  await labControl(lab.directory, 'POST', '/faults', { kind: 'slow', target: 'backup', mbps });

  const turn = async () => {
    const workflowId = await lab.startBackup();
    const before = await followed(client, workflowId, 'copyAhead', 0);
    const victim = workers.find(({ pid }) => before.identity.startsWith(`${pid}@`));
    if (!victim) throw new Error(`no worker of ours follows the job, but ${before.identity}`);
    const killedAt = Date.now();
    await victim.kill('SIGKILL');
    const after = await followed(client, workflowId, 'copyAhead', killedAt);
    workers = [...workers.filter((worker) => worker !== victim), await startWorker()];

    await followed(client, workflowId, 'copyStore', killedAt);
    const terminatedAt = Date.now();
    await client.workflow.getHandle(workflowId).terminate('bench');
    const servedAt = await served(lab, terminatedAt);
    await client.workflow.getHandle(`guard/${workflowId}`).result();
    return { worker: after.heardAt - killedAt, terminate: servedAt - terminatedAt };
  };
  return [{ turn }];
}

/** Waits until an attempt at a job that began after `sinceMs` has said that it follows it. @returns when, and which worker */
function followed(client: Client, workflowId: string, job: string, sinceMs: number) {
  return until(
    `${job} is followed`,
    async () => {
      const { raw } = await client.workflow.getHandle(workflowId).describe();
      const found = raw.pendingActivities?.find(({ activityType }) => activityType?.name === job);
      const [startedAt, heardAt] = [found?.lastStartedTime, found?.lastHeartbeatTime].map((at) => optionalTsToMs(at));
      if (!found || !startedAt || !heardAt || startedAt < sinceMs || heardAt < startedAt) return null;
      return { heardAt, identity: found.lastWorkerIdentity ?? '' };
    },
    120,
  );
}

/** When the visitor was served by production again. */
async function served(lab: LabSite, sinceMs: number): Promise<number> {
  return await until(
    'production serves',
    async () => {
      const { visitor, serving } = await lab.status();
      const ends = visitor.outages.map(({ to }) => Date.parse(to));
      return serving === 'production' && Math.max(0, ...ends.filter((end) => end > sinceMs));
    },
    120,
  );
}
