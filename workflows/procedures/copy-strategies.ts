import { act, type InputOf, type OutputOf } from '../contract/actions';
import { type Workplace } from '../contract/actions/copy';
import { type Strategy } from '../contract/site';
import { type Ops } from '../kit/ops';
import { workplaceMade } from './backup-server';
import { databaseStopped } from './database-stopped';
import { productionDown } from './production-down';
import { pullAuthorized } from './pull-authorized';

/** What lies in the workplace on the backup host, and what is known of it. */
export interface Copied {
  readonly store: OutputOf<'copyStore'>;
  readonly rows: Record<string, number> | null;
  readonly marker: string | null;
  /** When probes of the public address saw production go and come back. */
  readonly downAt: string;
  readonly upAt: string;
  readonly stoppedByForce: boolean;
  /** Transferred while production served, before it went down. */
  readonly aheadBytes: number;
  readonly durationsMs: Readonly<Record<string, number>>;
}

/** Looks at what can be known beforehand, and returns the copy that is then to be made. */
type CopyStrategy = (ops: Ops, workplace: Workplace) => Promise<() => Promise<Copied>>;

/** The ways from the store to the backup host; see `docs/daily-backup.md`. */
export const copyStrategies: Readonly<Record<Strategy, CopyStrategy>> = {
  cold: async (ops, workplace) => () => copyCold(ops, workplace),
  checkpoint: bySnapshot('checkpoint'),
  reflink: bySnapshot('reflink'),
};

/** Copies the store while production serves, and what has changed since while the database is stopped. */
async function copyCold(ops: Ops, workplace: Workplace): Promise<Copied> {
  const { database } = ops.site;
  const pull = { workplace, database, name: 'daily-backup' };
  const down = downFor(ops);

  return await ops.during(pullAuthorized(pull), async () => {
    const ahead = await ops.job(act.copyAhead({ pull }));

    const { rows, marker, store } = await ops.during(down.bracket, async () => {
      // Nobody writes any more.
      const counted = await ops.do(act.countRows({ database }));
      const store = await ops.during(databaseStopped(database, down.stop), () => ops.job(act.copyStore({ pull })));
      return { ...counted, store };
    });
    const durationsMs = { copyAhead: ahead.tookMs, copyStore: store.tookMs };
    return { rows, marker, store, aheadBytes: ahead.copiedBytes, durationsMs, ...down.seen() };
  });
}

/**
 * Stops the database for as long as it takes to make a directory that shares its files, and copies that while
 * production serves again. The directory is removed as soon as it has been copied.
 */
function bySnapshot(way: InputOf<'takeSnapshot'>['way']): CopyStrategy {
  return async (ops, workplace) => {
    const { database } = ops.site;
    const { beside } = await ops.do(act.checkStrategy({ database, strategy: way }));
    // The same for every run: what a run that was terminated with its guard has left there, the next one removes.
    const snapshot = { host: database.host, directory: `${beside}/snapshot` };
    const pull = { workplace, database, name: 'daily-backup', snapshot: snapshot.directory };
    const down = downFor(ops);

    return () =>
      ops.during(workplaceMade(snapshot), () =>
        // Tried now, on the empty directory: a backup host that may not read ends the run before production is down.
        ops.during(pullAuthorized(pull), async () => {
          // Nothing is copied ahead: that would only shorten a copy during which production serves.
          const { rows, marker, taken } = await ops.during(down.bracket, async () => {
            // Nobody writes any more.
            const counted = await ops.do(act.countRows({ database }));
            const taken = await ops.during(databaseStopped(database, down.stop), () =>
              ops.job(act.takeSnapshot({ database, snapshot, way })),
            );
            return { ...counted, taken };
          });
          const store = await ops.job(act.copyStore({ pull }));
          const durationsMs = { takeSnapshot: taken.tookMs, copyStore: store.tookMs };
          return { rows, marker, store, aheadBytes: 0, durationsMs, ...down.seen() };
        }),
      );
  };
}

/** Production down for a copy, and what was seen of it afterwards. */
function downFor({ site, run }: Ops) {
  const times = { downAt: '', upAt: '' };
  const stop = { forced: false };
  const bracket = productionDown(site, `daily backup, run ${run.workflowId}`, times);
  return { bracket, stop, seen: () => ({ ...times, stoppedByForce: stop.forced }) };
}
