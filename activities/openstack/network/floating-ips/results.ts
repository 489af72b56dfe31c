import { z } from 'zod';

/** A floating IP as the network service knows it; `status` is left out on purpose, it lags behind `portId`. */
export interface FloatingIp {
  readonly id: string;
  readonly address: string;
  /** The port that has it; null when nobody has. */
  readonly portId: string | null;
  readonly description: string;
}

const floatingIpSchema = z
  .object({
    id: z.string(),
    floating_ip_address: z.string(),
    port_id: z.string().nullable(),
    description: z.string().nullish(),
  })
  .transform(({ id, floating_ip_address, port_id, description }): FloatingIp => ({
    id,
    address: floating_ip_address,
    portId: port_id,
    description: description ?? '',
  }));

export const readFloatingIp = (body: unknown): FloatingIp =>
  z.object({ floatingip: floatingIpSchema }).parse(body).floatingip;

export const readFloatingIps = (body: unknown): FloatingIp[] =>
  z.object({ floatingips: z.array(floatingIpSchema) }).parse(body).floatingips;
