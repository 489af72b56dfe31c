import { type OutputOf } from '../../workflows/contract/actions';
import { instant } from '../../workflows/contract/fields';
import { fail } from '../failures';
import { type ActionContext } from '../implementation';
import { type Clock } from '../openstack/clock';
import { type Host } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';
import { type DatabaseEngine } from './engine';
import { findProcesses, holdersOf, signalProcesses, type StoreProcesses } from './processes';

const pauseMs = 100;
/** A supervisor that starts a killed server again does so within this time. */
const stayGoneMs = 1_500;
const forceMs = 5_000;

/** Asks whoever has the store to stop: its server, or, where none is recognised, those who write to it. */
export const stopOf = (engine: DatabaseEngine, { servers, writers }: StoreProcesses): ShellText =>
  engine.stop(servers.length > 0 ? servers : writers);

/**
 * Stops a database in order, by force when it has not stopped within `withinSeconds`, and returns when no process has
 * its store.
 *
 * Safe to repeat; the limit starts anew then.
 * @throws `ResourceFailed` when processes have the store even after KILL, or come back: the store is in use then.
 */
export async function stopDatabase(
  engine: DatabaseEngine,
  host: Host,
  withinSeconds: number,
  { clock, context }: { readonly clock: Clock; readonly context: ActionContext },
): Promise<OutputOf<'stopDatabase'>> {
  const { signal } = context;
  const startedMs = clock.now();
  const seconds = () => Math.round((clock.now() - startedMs) / 1000);
  const look = () => findProcesses(host, engine, signal);
  // 1: what was to get a signal has ended meanwhile.
  const send = (command: ShellText) => host.run(command, { signal, allowExit: [0, 1] });

  const stopped = async (how: { readonly changed: boolean; readonly forced: boolean }) => {
    const tookMs = how.changed ? clock.now() - startedMs : 0;
    return { ...how, tookMs, stoppedAt: engine.looksBack ? await clockOf(host, signal) : null };
  };

  const found = await look();
  if (holdersOf(found).length === 0) return stopped({ changed: false, forced: false });
  await send(stopOf(engine, found));
  if (await isGoneBy(startedMs + withinSeconds * 1000, 'stopping')) return stopped({ changed: true, forced: false });

  const forceUntilMs = clock.now() + forceMs;
  do {
    const stubborn = holdersOf(await look());
    if (stubborn.length > 0) await send(signalProcesses('KILL', stubborn));
    if ((await isGoneBy(Math.min(clock.now() + 1_000, forceUntilMs), 'killing')) && (await staysGone()))
      return stopped({ changed: true, forced: true });
  } while (clock.now() < forceUntilMs);

  const left = holdersOf(await look());
  throw fail(
    'ResourceFailed',
    `the database on ${host.ref.name} does not stop by any means: ${engine.store} is held by ` +
      `${left.length > 0 ? `process ${left.join(', ')}` : 'a process that comes back'} ${seconds()} s after it was asked to stop, and after KILL; wanted nobody. ` +
      `Does a supervisor start it again? See there: ps -ef | grep ${engine.server.processes[0]}`,
    { target: `database/${host.ref.name}`, operation: 'stopDatabase' },
  );

  async function isGoneBy(deadlineMs: number, doing: string): Promise<boolean> {
    while (holdersOf(await look()).length > 0) {
      if (clock.now() >= deadlineMs) return false;
      context.progress({ done: seconds(), unit: 'seconds', note: `${doing} the database` });
      await clock.sleep(pauseMs, signal);
    }
    return true;
  }

  async function staysGone(): Promise<boolean> {
    for (const untilMs = clock.now() + stayGoneMs; clock.now() < untilMs;) {
      await clock.sleep(pauseMs, signal);
      if (holdersOf(await look()).length > 0) return false;
    }
    return true;
  }
}

/** What a host's clock says; null where its `date` knows no fractions of a second. */
async function clockOf(host: Host, signal: AbortSignal): Promise<string | null> {
  const { stdout } = await host.run(sh`date -u +%Y-%m-%dT%H:%M:%S.%6NZ`, { signal });
  return instant.safeParse(stdout.trim()).data ?? null;
}
