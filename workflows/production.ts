import { act } from './contract/actions';
import { runbook } from './kit/runbook';

/** Takes production down, brings it up, or says how it is. What is taken down here stays down until somebody brings it up. */
export const production = runbook('production', async (ops, { action, by, reason }) => {
  const { production } = ops.site;
  if (action !== 'status') await ops.lock('site');
  const found = await ops.do(act.readProduction({ production }));
  if (action === 'status') return { ...view(found), changed: false };

  const who = `${by || 'somebody'}${reason ? `: ${reason}` : ''}, run ${ops.run.workflowId}`;
  const { changed } =
    action === 'down'
      ? await ops.do(act.takeProductionDown({ production, note: `taken down by ${who}`.slice(0, 255) }))
      : await ops.do(act.bringProductionUp({ production }));
  await ops.tell(
    action === 'down' ? 'productionDown' : 'productionUp',
    `production of ${ops.site.name}: ${action}, by ${who}`,
  );
  return { ...view(await ops.do(act.readProduction({ production }))), changed };
});

function view({
  serving,
  at,
  note,
}: {
  serving: 'production' | 'fallback' | 'nothing';
  at: string | null;
  note: string;
}) {
  return { serving, at, note };
}
