import { type Request } from '../../request';
import { floatingIpPath, floatingIpsByAddressPath, floatingIpsPath } from './paths';
import { type FloatingIp, readFloatingIp, readFloatingIps } from './results';

/** Asks whether the service answers us at all. */
export const probeFloatingIps = (): Request<void> => ({
  method: 'GET',
  service: 'network',
  path: `${floatingIpsPath}?limit=1&fields=id`,
  expected: [200],
  target: 'service/network',
  read: () => undefined,
});

export const listFloatingIpsByAddress = (address: string): Request<FloatingIp[]> => ({
  method: 'GET',
  service: 'network',
  path: floatingIpsByAddressPath(address),
  expected: [200],
  target: `floating-ip/${address}`,
  read: (body) => readFloatingIps(body).filter((floatingIp) => floatingIp.address === address),
});

/** Where a floating IP is to go, and what is to be written at it; an absent description stays as it is. */
export interface FloatingIpUpdate {
  readonly portId: string;
  readonly description?: string;
}

/** Moves it in one step: whoever had it loses it in the same moment. */
export const updateFloatingIp = ({ id, address }: FloatingIp, update: FloatingIpUpdate): Request<FloatingIp> => ({
  method: 'PUT',
  service: 'network',
  path: floatingIpPath(id),
  body: {
    floatingip: {
      port_id: update.portId,
      ...(update.description !== undefined && { description: update.description }),
    },
  },
  expected: [200],
  target: `floating-ip/${address}`,
  read: readFloatingIp,
});
