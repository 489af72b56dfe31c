import { act } from '../../workflows/contract/actions';
import { runbook } from '../../workflows/kit/runbook';

export { guard } from '../../workflows/guard';
export { lock } from '../../workflows/lock';

/** Hosts that are looked at side by side. */
const lanes = 64;

/** Runs a trivial command on every host of the site. */
export const fanOut = runbook('production', async (ops) => {
  const waiting = Object.values(ops.site.hosts).filter(({ server }) => server === undefined);
  let mounted = 0;
  const lane = async () => {
    for (let host = waiting.pop(); host; host = waiting.pop())
      if ((await ops.do(act.readVolume({ host, mountPoint: '/' }))).mounted) mounted += 1;
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { serving: 'production', at: null, note: String(mounted), changed: false };
});
