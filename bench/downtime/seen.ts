import { type LabSite } from '../../test/support/lab-site';
import { until } from '../../test/support/temporal-server';

/** Intervals in which visitors were not served by production, epoch ms. */
export interface Downtime {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of all intervals. */
  readonly ms: number;
}

/** What the visitor saw of something that took production down: returns when it is over. */
export async function seenOf(lab: LabSite, work: () => Promise<unknown>): Promise<Downtime> {
  const startedAt = Date.now();
  await work();
  return await until(
    'everything is as it was',
    async () => {
      const { serving, servers, visitor } = await lab.status();
      const { status, taskState } = servers.backup ?? {};
      const outages = visitor.outages.filter(({ from }) => Date.parse(from) >= startedAt);
      const isOver = outages.every(({ to }) => Date.parse(to) < Date.now() - 200);
      if (serving !== 'production' || status !== 'SHUTOFF' || taskState !== null || !isOver) return null;
      // A backup that takes nothing down has no interval.
      if (outages.length === 0) return { fromMs: startedAt, toMs: startedAt, ms: 0 };
      return {
        fromMs: Math.min(...outages.map(({ from }) => Date.parse(from))),
        toMs: Math.max(...outages.map(({ to }) => Date.parse(to))),
        ms: outages.reduce((sum, { ms }) => sum + ms, 0),
      };
    },
    120,
  );
}
