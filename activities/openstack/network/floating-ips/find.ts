import { fail, failureTypeOf } from '../../../failures';
import { getServer } from '../../compute/servers/requests';
import { type SendOptions, type Session } from '../../session';
import { getPort } from '../ports/requests';
import { listFloatingIpsByAddress } from './requests';
import { type FloatingIp } from './results';

export interface FloatingIpView extends FloatingIp {
  /** The name of the server that has it; null when no server has. */
  readonly server: string | null;
}

/**
 * Finds a floating IP by its address, and the server that has it.
 *
 * @throws `NotFound`; `PreconditionFailed` when several networks have that address.
 */
export async function findFloatingIp(
  cloud: Session,
  address: string,
  options: SendOptions = {},
): Promise<FloatingIpView> {
  const [floatingIp, ...others] = await cloud.send(listFloatingIpsByAddress(address), options);
  const details = { target: `floating-ip/${address}` };
  if (!floatingIp) {
    const message = `there is no floating IP ${address} in cloud ${cloud.name}. See: openstack floating ip list`;
    throw fail('NotFound', message, details);
  }
  if (others.length > 0) {
    const ids = [floatingIp, ...others].map(({ id }) => id).join(', ');
    throw fail(
      'PreconditionFailed',
      `cloud ${cloud.name} has several floating IPs ${address} (${ids}); wanted one`,
      details,
    );
  }
  return { ...floatingIp, server: await serverNameAt(cloud, floatingIp, options) };
}

/** A port or server deleted between two looks has no name: nobody has the address. */
export async function serverNameAt(
  cloud: Session,
  { portId }: FloatingIp,
  options: SendOptions,
): Promise<string | null> {
  if (!portId) return null;
  try {
    const { serverId } = await cloud.send(getPort(portId), options);
    if (!serverId) return null;
    return (await cloud.send(getServer({ id: serverId, name: serverId }), options)).name;
  } catch (error) {
    if (failureTypeOf(error) === 'NotFound') return null;
    throw error;
  }
}
