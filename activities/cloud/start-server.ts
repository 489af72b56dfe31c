import { type InputOf, type OutputOf } from '../../workflows/contract/actions';
import { fail, failureTypeOf } from '../failures';
import { type ActionContext } from '../implementation';
import { ensureServerRunning, findServer, type OpenStack } from '../openstack';
import { type Clock } from '../openstack/clock';
import { type SshHosts } from '../ssh/hosts';
import { sh } from '../ssh/shell';

interface Dependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
  readonly clock: Clock;
}

const pauseMs = 500;

/**
 * Starts a server and returns when a command runs on it over SSH, its host key verified.
 *
 * @throws `ResourceFailed` when it does not answer within `bootSeconds` or goes down meanwhile; `HostKeyMismatch` and
 * `AuthDenied` at once.
 */
export async function startUntilSsh(
  { openstack, ssh, clock }: Dependencies,
  { host, bootSeconds }: InputOf<'startServer'>,
  context: ActionContext,
): Promise<OutputOf<'startServer'>> {
  const { signal } = context;
  const { cloud: cloudName, name } = host.server;
  const cloud = openstack.cloud(cloudName);
  const startedMs = clock.now();
  const deadlineMs = startedMs + bootSeconds * 1000;
  const waiting = (note: string) =>
    context.progress({
      done: Math.round((clock.now() - startedMs) / 1000),
      total: Math.round(bootSeconds),
      unit: 'seconds',
      note,
    });

  const { changed } = await ensureServerRunning(cloud, name, {
    signal,
    timeoutMs: bootSeconds * 1000,
    onPending: ({ status, taskState }) => waiting(`${name} is ${taskState ?? status}`),
  });

  for (;;) {
    let silence: unknown;
    try {
      await ssh.host(host).run(sh`true`, { signal, timeoutMs: 5_000 });
      return { changed, tookMs: clock.now() - startedMs };
    } catch (error) {
      signal.throwIfAborted();
      // Refused and silent is how a booting machine looks; a wrong key or login does not get better.
      if (failureTypeOf(error) !== 'Unavailable') throw error;
      silence = error;
    }
    await refuseIfDown();
    if (clock.now() >= deadlineMs) throw notAnswering(silence);
    waiting(`waiting until ${name} answers SSH`);
    await clock.sleep(pauseMs, signal);
  }

  async function refuseIfDown(): Promise<void> {
    const server = await findServer(cloud, name, { signal }).catch((error: unknown) => {
      if (failureTypeOf(error) === 'Unavailable' || failureTypeOf(error) === 'RateLimited') return undefined;
      throw error;
    });
    if (!server || !['ERROR', 'SHUTOFF'].includes(server.status)) return;
    const fault = server.fault ? ` (${server.fault})` : '';
    throw fail(
      'ResourceFailed',
      `server ${name} went to ${server.status}${fault} while it booted; wanted ACTIVE and an answer over SSH. See: openstack server show ${name}`,
      { target: `server/${name}`, operation: 'startServer' },
    );
  }

  function notAnswering(cause: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    return fail(
      'ResourceFailed',
      `server ${name} is ACTIVE, but does not answer SSH after ${Math.round(bootSeconds)} s${why}. See: openstack console log show ${name}`,
      { target: `server/${name}`, operation: 'startServer' },
      cause,
    );
  }
}
