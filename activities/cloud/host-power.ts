import { type HostRef } from '../../workflows/contract/site';
import { failureTypeOf } from '../failures';
import { findServer, type OpenStack } from '../openstack';

interface LookOptions {
  readonly signal: AbortSignal;
}

/** In these states no process of a server runs and nothing is mounted. */
const offStates = ['SHUTOFF', 'DELETED', 'SOFT_DELETED', 'SHELVED', 'SHELVED_OFFLOADED'];

/** What the cloud says about a host; `unknown` where it is no server, or the cloud does not say. */
export async function powerOf(
  openstack: OpenStack,
  host: HostRef,
  { signal }: LookOptions,
): Promise<'off' | 'error' | 'on' | 'unknown'> {
  if (!host.server) return 'unknown';
  try {
    const server = await findServer(openstack.cloud(host.server.cloud), host.server.name, { signal, timeoutMs: 3_000 });
    if (server.status === 'ERROR') return 'error';
    return offStates.includes(server.status) && server.taskState === null ? 'off' : 'on';
  } catch (error) {
    signal.throwIfAborted();
    return failureTypeOf(error) === 'NotFound' ? 'off' : 'unknown';
  }
}

/**
 * Does something on a host over SSH, or says `whenOff` where the cloud says that nothing can run there.
 *
 * The cloud is asked first, as a host that is off is silent for long. One in ERROR may still run: it counts as off
 * only if it does not answer.
 */
export async function unlessOff<T>(
  openstack: OpenStack,
  host: HostRef,
  options: LookOptions,
  act: () => Promise<T>,
  whenOff: T,
): Promise<T> {
  if ((await powerOf(openstack, host, options)) === 'off') return whenOff;
  try {
    return await act();
  } catch (error) {
    options.signal.throwIfAborted();
    if (failureTypeOf(error) !== 'Unavailable') throw error;
    const power = await powerOf(openstack, host, options);
    if (power === 'off' || power === 'error') return whenOff;
    throw error;
  }
}

/** Looks at a host for a plan: null where it is off or does not answer. */
export async function lookIfOn<T>(
  openstack: OpenStack,
  host: HostRef,
  options: LookOptions,
  look: () => Promise<T>,
): Promise<T | null> {
  return unlessOff<T | null>(openstack, host, options, look, null).catch((error: unknown) => {
    if (failureTypeOf(error) === 'Unavailable') return null;
    throw error;
  });
}
