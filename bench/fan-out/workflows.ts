import { act } from '../../workflows/contract/actions';
import { runbook } from '../../workflows/kit/runbook';

export { guard } from '../../workflows/guard';
export { lock } from '../../workflows/lock';

/** Runs a trivial command on every host of the site that is no cloud server. */
export const fanOut = runbook('production', async (ops) => {
  const hosts = Object.values(ops.site.hosts).filter(({ server }) => server === undefined);
  const places = hosts.map((host) => ({ host, mountPoint: '/' }));
  const found = await ops.each(`Look at ${hosts.length} hosts`, act.readVolume, places);
  const mounted = found.filter(({ output }) => output?.mounted === true).length;
  return { serving: 'production', at: null, note: String(mounted), changed: false };
});
