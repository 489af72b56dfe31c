import { proxyActivities } from '@temporalio/workflow';
import { act } from '../../workflows/contract/actions';
import { profiles } from '../../workflows/contract/profiles';
import { runbook } from '../../workflows/kit/runbook';
import { productionDown } from '../../workflows/procedures/production-down';

export { guard } from '../../workflows/guard';
export { lock } from '../../workflows/lock';
export { production } from '../../workflows/production';

const steps = 100;
const result = { serving: 'production', at: null, note: '', changed: false } as const;

/** A user's runbook of 100 steps that look. */
export const looks = runbook('production', async (ops) => {
  for (let step = 0; step < steps; step++) await ops.do(act.readProduction({ production: ops.site.production }));
  return result;
});

/** One of 100 changes inside a bracket: before each, the worker makes sure that the guard stands behind the run. */
export const changes = runbook('production', async (ops) => {
  const { database, production } = ops.site;
  await ops.lock('site');
  await ops.during(productionDown(ops.site, 'bench', { downAt: '', upAt: '' }), async () => {
    for (let step = 0; step < steps; step++) await ops.do(act.startDatabase({ database }));
  });
  return { ...result, at: production.up.server };
});

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  startToCloseTimeout: profiles.probe.startToClose * 1000,
  heartbeatTimeout: profiles.probe.heartbeat * 1000,
});

/** The same number of activities that do nothing, and nothing around them. */
export async function bare(): Promise<void> {
  for (let step = 0; step < steps; step++) await nothing();
}
