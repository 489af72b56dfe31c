import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { reset } from '../reset';

/** The site's public address: passes every connection on to the server it is attached to. */
export interface FloatingIp {
  readonly host: string;
  readonly port: number;
  /** The server it leads to, as given to `moveTo`. */
  at(): string | null;
  /** Leads to another server (`address` or `address:port`), or to none, from now on. Open connections are reset, as when a real one moves. */
  moveTo(server: string | null): void;
  close(): Promise<void>;
}

export interface FloatingIpOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The port on servers that are given without one. @default 8080 */
  readonly serverPort?: number;
}

/** Starts a public address that leads nowhere yet: connections are reset. */
export async function startFloatingIp({ host, port, serverPort = 8080 }: FloatingIpOptions): Promise<FloatingIp> {
  let server: string | null = null;
  const open = new Set<Socket>();

  const proxy = createServer({ pauseOnConnect: true, noDelay: true }, (client) => {
    if (server === null) return reset(client.on('error', () => undefined));
    const [address, port = serverPort] = server.split(':');
    const upstream = connect({ host: address, port: Number(port), noDelay: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => reset(other));
      one.on('close', () => open.delete(one));
    }
    client.pipe(upstream).pipe(client);
  });
  proxy.listen({ host, port });
  await once(proxy, 'listening');

  const resetAll = () => open.forEach((socket) => reset(socket));
  return {
    host,
    port: (proxy.address() as AddressInfo).port,
    at: () => server,
    moveTo(next) {
      if (next === server) return;
      server = next;
      resetAll();
    },
    async close() {
      proxy.close();
      resetAll();
      await once(proxy, 'close');
    },
  };
}
