import { z } from 'zod';

/** Where a device is plugged into a network. */
export interface PortView {
  readonly id: string;
  readonly networkId: string;
  /** The server, if it is one's port. */
  readonly serverId: string | null;
}

const portSchema = z
  .object({ id: z.string(), network_id: z.string(), device_id: z.string(), device_owner: z.string() })
  .transform(({ id, network_id, device_id, device_owner }): PortView => ({
    id,
    networkId: network_id,
    serverId: device_owner.startsWith('compute:') && device_id ? device_id : null,
  }));

export const readPort = (body: unknown): PortView => z.object({ port: portSchema }).parse(body).port;

export const readPorts = (body: unknown): PortView[] => z.object({ ports: z.array(portSchema) }).parse(body).ports;
