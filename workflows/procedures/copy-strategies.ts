import { act, type InputOf, type OutputOf } from '../contract/actions';
import { type Workplace } from '../contract/actions/copy';
import { type Strategy } from '../contract/site';
import { type Ops } from '../kit/ops';
import { patches } from '../kit/patches';
import { workplaceMade } from './backup-server';
import { databaseStopped, requireHealthy, type Stop } from './database-stopped';
import { type DownTimes, productionDown } from './production-down';
import { pullAuthorized } from './pull-authorized';

/** What lies in the workplace on the backup host, and what is known of it. */
export interface Copied {
  readonly store: OutputOf<'copyStore'>;
  readonly rows: Record<string, number> | null;
  /** Why they could not be counted afterwards. */
  readonly rowsProblem?: string;
  readonly marker: string | null;
  /** All that was acknowledged before it was copied. */
  readonly asOf: string;
  /** When probes of the public address saw production go and come back; null where it served all the time. */
  readonly down: DownTimes | null;
  /** @default store */
  readonly form?: 'backup';
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
  native: whileItServes,
};

/** Copies the store while production serves, and what has changed since while the database is stopped. */
async function copyCold(ops: Ops, workplace: Workplace): Promise<Copied> {
  const pull = { workplace, database: ops.site.database, name: 'daily-backup' };

  return await ops.during(pullAuthorized(pull), async () => {
    const ahead = await ops.job(act.copyAhead({ pull }));
    const { done: store, ...quiet } = await whileStopped(ops, () => ops.job(act.copyStore({ pull })));
    const durationsMs = { copyAhead: ahead.tookMs, copyStore: store.tookMs };
    return { ...quiet, store, aheadBytes: ahead.copiedBytes, durationsMs };
  });
}

/**
 * Stops the database for as long as it takes to make a directory that shares its files, and copies that while
 * production serves again.
 */
function bySnapshot(way: InputOf<'takeSnapshot'>['way']): CopyStrategy {
  return (ops, workplace) =>
    throughDirectory(ops, workplace, way, async (snapshot) => {
      const { database } = ops.site;
      // Nothing is copied ahead: that would only shorten a copy during which production serves.
      const { done: taken, ...quiet } = await whileStopped(ops, () =>
        ops.job(act.takeSnapshot({ database, snapshot, way })),
      );
      return { ...quiet, durationsMs: { takeSnapshot: taken.tookMs } };
    });
}

/** Lets the engine make its own backup; production is not touched. */
function whileItServes(ops: Ops, workplace: Workplace): ReturnType<CopyStrategy> {
  return throughDirectory(ops, workplace, 'native', async (snapshot) => {
    const taken = await ops.job(act.backUpOnline({ database: ops.site.database, snapshot }));
    const { rows, marker, asOf, tookMs } = taken;
    const form = taken.form === 'backup' ? { form: taken.form } : {};
    return {
      ...form,
      rows,
      marker,
      asOf,
      down: null,
      stoppedByForce: false,
      durationsMs: { backUpOnline: tookMs },
    };
  });
}

/** A directory on the database host is made, filled, copied from, and removed again as soon as it has been copied. */
async function throughDirectory(
  ops: Ops,
  workplace: Workplace,
  strategy: InputOf<'checkStrategy'>['strategy'],
  fill: (snapshot: Workplace) => Promise<Omit<Copied, 'store' | 'aheadBytes'>>,
): ReturnType<CopyStrategy> {
  const { database } = ops.site;
  const { beside } = await ops.do(act.checkStrategy({ database, strategy }));
  // The same for every run: what a run that was terminated with its guard has left there, the next one removes.
  const snapshot = { host: database.host, directory: `${beside}/snapshot` };
  const pull = { workplace, database, name: 'daily-backup', snapshot: snapshot.directory };

  return () =>
    ops.during(workplaceMade(snapshot), () =>
      // Tried now, on the empty directory: a backup host that may not read ends the run before production is down.
      ops.during(pullAuthorized(pull), async () => {
        const filled = await fill(snapshot);
        const store = await ops.job(act.copyStore({ pull }));
        return { ...filled, store, aheadBytes: 0, durationsMs: { ...filled.durationsMs, copyStore: store.tookMs } };
      }),
    );
}

/**
 * Works while production is down and the database stopped, and says what of the database that is a copy of.
 *
 * An engine that looks back has its rows counted once production serves again, as of the moment it was stopped: however
 * much it holds, nobody waits for that. What cannot be counted in time, the marker proves.
 */
async function whileStopped<T>(
  ops: Ops,
  work: () => Promise<T>,
): Promise<Omit<Copied, 'store' | 'aheadBytes' | 'durationsMs' | 'form'> & { readonly done: T }> {
  const { site, run } = ops;
  const { database } = site;
  const times = { downAt: '', upAt: '' };
  const stop: Stop = { forced: false, at: null };
  // While visitors are served: that it runs a moment later the marker or the count shows.
  const seen = patches.looksWhileItServes() ? await ops.do(act.readDatabase({ database })) : undefined;
  if (seen) requireHealthy(database, seen);
  const marked = seen?.looksBack && patches.countsAfterwards() ? await ops.do(act.writeMarker({ database })) : null;

  const { counted, done } = await ops.during(
    productionDown(site, `daily backup, run ${run.workflowId}`, times),
    async () => {
      // Nobody writes any more.
      const counted = marked ? null : await ops.do(act.countRows({ database }));
      return { counted, done: await ops.during(databaseStopped(database, stop, { seen }), work) };
    },
  );
  const proof = counted ?? { ...(await rowsAsOf(ops, stop)), marker: marked?.marker ?? null };
  return { ...proof, done, asOf: times.downAt, down: times, stoppedByForce: stop.forced };
}

/** Rows as they were when the database was stopped. */
async function rowsAsOf(ops: Ops, { at }: Stop): Promise<Pick<Copied, 'rows' | 'rowsProblem'>> {
  const { database } = ops.site;
  // Nor does a worker of before this was asked say so.
  if (!at) return { rows: null, rowsProblem: `${database.host.name} does not say when it was stopped` };
  const seen = await ops.attempt(act.readRows({ database, marker: null, asOf: at }));
  if (seen?.rows) return { rows: seen.rows };
  return { rows: null, rowsProblem: seen?.problem ?? `${database.host.name} could not be asked` };
}
