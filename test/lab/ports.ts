import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports the system hands out, so that a port stays free while its server restarts; others in each of jest's
 * workers, whose process ids follow each other.
 */
let next = 10_000 + (Number(process.env.JEST_WORKER_ID ?? 0) % 8) * 2_500 + (process.pid % 500);

/** Ports of 127.0.0.1 that nobody listens on, none twice. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) if (await isFree(next++)) ports.push(next - 1);
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
