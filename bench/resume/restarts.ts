import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { activitiesOf as siteActivities } from '../../activities/activities';
import { FakeSite } from '../../test/support/fake-site';
import { until } from '../../test/support/temporal-server';
import { type Contender, type Workshop } from '../harness/bench';
import { activitiesOf } from '../support/history';
import { useTemporal } from '../support/temporal';
import { useWorker } from '../support/worker';

/** Long enough that every request under way has failed. */
const awayMs = 3000;

/** A server that is killed in the middle of a run of many steps, and started again. */
export async function prepareRestarts(workshop: Workshop): Promise<readonly Contender[]> {
  const server = await useTemporal(workshop);
  const site = new FakeSite();
  await useWorker(workshop, server, {
    workflows: require.resolve('../step/workflows'),
    activities: (client) =>
      siteActivities(site.implementations(), { client, tell: site.tell, loadSite: site.loadSite }),
  });
  const turn = async () => {
    const run = await server.client.workflow.start('looks', {
      workflowId: `looks/fake/${randomUUID()}`,
      taskQueue: 'runbooks',
      args: [{ action: 'status' }],
    });
    const steps = async () => (await activitiesOf(run)).filter(({ type }) => type === 'readProduction');
    await until('it is in the middle of its steps', async () => (await steps()).length > 10);
    await server.kill();
    await sleep(awayMs);
    const startedAt = Date.now();
    await server.start();
    await run.result();
    const done = (await steps()).flatMap(({ completedAt }) => completedAt ?? []);
    return { server: Math.min(...done.filter((at) => at > startedAt)) - startedAt };
  };
  return [{ turn }];
}
