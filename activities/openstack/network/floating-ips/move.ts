import { fail } from '../../../failures';
import { findServer } from '../../compute/servers/find';
import { type Description, type Request } from '../../request';
import { type SendOptions, type Session } from '../../session';
import { listPortsOfServer, getPort } from '../ports/requests';
import { type PortView } from '../ports/results';
import { findFloatingIp, type FloatingIpView, serverNameAt } from './find';
import { updateFloatingIp } from './requests';
import { type FloatingIp } from './results';

export interface FloatingIpMove {
  readonly address: string;
  /** The server's name. */
  readonly toServer: string;
  /** Written at the floating IP in the same step; absent: what is there stays. */
  readonly description?: string;
}

export interface FloatingIpMoved {
  readonly floatingIp: FloatingIpView;
  /** False when it was there already, with that description. */
  readonly changed: boolean;
}

/**
 * Moves a floating IP to a server and writes the description, in one request; looks first.
 *
 * Safe to repeat. Returns when the network service has accepted it: packets follow within moments, probe for them.
 * @throws `NotFound`, `PreconditionFailed` (no port, or several to choose from), `Conflict` (the server's port has
 * another floating IP), `Unavailable`.
 */
export async function moveFloatingIp(
  cloud: Session,
  move: FloatingIpMove,
  options: SendOptions = {},
): Promise<FloatingIpMoved> {
  const { now, port, request, changes } = await planMove(cloud, move, options);
  if (!changes) return { floatingIp: now, changed: false };
  const moved = await cloud.send(request, options);
  if (moved.portId !== port.id) {
    const message = `floating IP ${move.address} is at port ${moved.portId} after its move; wanted port ${port.id} of server ${move.toServer}`;
    throw fail('Conflict', message, { target: `floating-ip/${move.address}` });
  }
  return { floatingIp: { ...moved, server: await serverNameAt(cloud, moved, options) }, changed: true };
}

/** What `moveFloatingIp` would do now. */
export async function describeFloatingIpMove(
  cloud: Session,
  move: FloatingIpMove,
  options: SendOptions = {},
): Promise<Description> {
  const { now, request, changes } = await planMove(cloud, move, options);
  const at = now.server ? `at server ${now.server}` : now.portId ? `at port ${now.portId}` : 'at nothing';
  return { now: `floating IP ${move.address} is ${at}`, command: (await cloud.render(request, options)).text, changes };
}

async function planMove(cloud: Session, { address, toServer, description }: FloatingIpMove, options: SendOptions) {
  const [now, server] = await Promise.all([
    findFloatingIp(cloud, address, options),
    findServer(cloud, toServer, options),
  ]);
  const port = await choosePort(cloud, now, server, options);
  const changes = now.portId !== port.id || (description !== undefined && description !== now.description);
  const request: Request<FloatingIp> = updateFloatingIp(now, { portId: port.id, description });
  return { now, port, request, changes };
}

/** A server with several ports: the one in the network the address is in now. */
async function choosePort(
  cloud: Session,
  now: FloatingIp,
  server: { readonly id: string; readonly name: string },
  options: SendOptions,
): Promise<PortView> {
  const ports = await cloud.send(listPortsOfServer(server), options);
  const [only] = ports;
  if (only && ports.length === 1) return only;
  const current = now.portId ? await cloud.send(getPort(now.portId), options) : undefined;
  const alike = ports.filter(({ networkId }) => networkId === current?.networkId);
  const [one] = alike;
  if (one && alike.length === 1) return one;
  const has = ports.length === 0 ? 'has no port' : `has ${ports.length} ports, and it is not clear which is meant`;
  const message = `server ${server.name} ${has} for floating IP ${now.address}. See: openstack port list --server ${server.name}`;
  throw fail('PreconditionFailed', message, { target: `server/${server.name}` });
}
