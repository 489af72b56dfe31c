import { posix } from 'node:path';
import { type OutputOf } from '../../workflows/contract/actions';
import { type HostRef } from '../../workflows/contract/site';
import { fail } from '../failures';
import { type ActionContext } from '../implementation';
import { type Clock } from '../openstack/clock';
import { type Host } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';
import { type DatabaseEngine } from './engine';
import { findProcesses, holdersOf } from './processes';

const pauseMs = 200;

/** What the server says while it starts goes here, beside the jobs of the host. */
const logOf = ({ jobs }: HostRef) => posix.join(posix.dirname(jobs.directory), 'database-start.log');

/** The start in a session of its own: the server outlives the connection and holds none of its streams. */
export function startDetached(engine: DatabaseEngine, ref: HostRef): ShellText {
  const log = logOf(ref);
  return sh`mkdir -p ${posix.dirname(log)} && setsid -w ${engine.start()} < /dev/null > ${log} 2>&1`;
}

export async function isHealthy(engine: DatabaseEngine, host: Host, signal: AbortSignal): Promise<boolean> {
  const { exitCode } = await host.run(engine.health(), { signal, timeoutMs: 12_000, allowExit: anyExit });
  return exitCode === 0;
}

/**
 * Starts a database unless it runs, and returns when it is healthy.
 *
 * A start that somebody else has begun is waited for; of two at once the store lets one through.
 * @throws `ResourceFailed` with the last lines of its log when the server ends; `Unavailable` when it still starts at
 * the end of the attempt.
 */
export async function startDatabase(
  engine: DatabaseEngine,
  host: Host,
  { clock, context }: { readonly clock: Clock; readonly context: ActionContext },
): Promise<OutputOf<'startDatabase'>> {
  const { signal, deadlineMs } = context;
  const startedMs = clock.now();
  const isRunning = async () => holdersOf(await findProcesses(host, engine, signal)).length > 0;
  const done = (changed: boolean) => ({ changed, tookMs: clock.now() - startedMs });

  const start = !(await isRunning());
  if (!start && (await isHealthy(engine, host, signal))) return done(false);
  if (start) await host.run(startDetached(engine, host.ref), { signal, timeoutMs: 50_000, allowExit: anyExit });

  while (!(await isHealthy(engine, host, signal))) {
    if (!(await isRunning())) throw await ended();
    const seconds = Math.round((clock.now() - startedMs) / 1000);
    if (clock.now() >= deadlineMs - 15_000)
      throw fail(
        'Unavailable',
        `the database on ${host.ref.name} runs, but is not healthy after ${seconds} s; wanted an answer to its health check. See ${logOf(host.ref)} there`,
        { target: `database/${host.ref.name}`, operation: 'startDatabase' },
      );
    context.progress({ done: seconds, unit: 'seconds', note: 'waiting until the database is healthy' });
    await clock.sleep(pauseMs, signal);
  }
  return done(start);

  async function ended(): Promise<Error> {
    const { stdout } = await host.run(sh`tail -n 12 ${logOf(host.ref)}`, { signal, allowExit: [0, 1] });
    const reason = engine.reasonIn(stdout.trim()) ?? 'it left no word';
    return fail(
      'ResourceFailed',
      `the database on ${host.ref.name} does not start: ${reason}. See ${logOf(host.ref)} there`,
      { target: `database/${host.ref.name}`, operation: 'startDatabase', stderrTail: stdout.slice(-2000) },
    );
  }
}

/** Not being healthy is an answer. */
const anyExit = Array.from({ length: 256 }, (_, code) => code);
