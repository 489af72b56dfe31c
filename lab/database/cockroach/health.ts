import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { sqlFailure } from './client';
import { type Order } from './control';
import { type CommandFailure } from './failure';
import { type Address, formatAddress } from './flags';
import { BUILD_TAG, RANGES } from './version';

/** What a server says of itself over HTTP. */
export interface ServerState {
  readonly address: Address;
  /** Why it may not take clients now, in the words of `/health?ready=1`; null if it may. */
  notReady(): string | null;
  clusterId(): string;
  /** What it does when asked to, by the details of an order. Returns what it answers. */
  readonly orders: Readonly<Record<Order, (details: Record<string, string>) => unknown>>;
}

/** Serves the health and status pages. @throws Error `EADDRINUSE` if the address is taken. */
export async function serveHealth(address: Address, state: ServerState): Promise<void> {
  const server = createServer((request, response) => void answer(request, response, state));
  server.listen(address);
  await once(server, 'listening');
}

async function answer(request: IncomingMessage, response: ServerResponse, state: ServerState): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const json = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body, null, 2));
  const why = state.notReady();
  const order = request.method === 'POST' ? /^\/_stand-in\/(\w+)$/.exec(pathname)?.[1] : undefined;
  if (order !== undefined && Object.hasOwn(state.orders, order)) {
    try {
      const details = JSON.parse((await textOf(request)) || '{}') as Record<string, string>;
      json(200, (await state.orders[order as Order](details)) ?? {});
    } catch (error) {
      const { message, sqlState } = sqlFailure(error) as CommandFailure;
      json(500, { error: message, sqlState });
    }
  } else if (pathname === '/health' || pathname === '/_admin/v1/health') {
    if (why === null || searchParams.get('ready') === null) json(200, {});
    else json(503, { error: why, code: 14, message: why, details: [] });
  } else if (pathname === '/_status/vars' && why === null) {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(vars(state));
  } else if (pathname === '/_admin/v1/cluster' && why === null) {
    json(200, { clusterId: state.clusterId(), reportingEnabled: false, enterpriseEnabled: false });
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
  }
}

function vars({ address }: ServerState): string {
  const store = { ranges: RANGES, ranges_unavailable: 0, ranges_underreplicated: 0, replicas_leaseholders: RANGES };
  return [
    `sys_uptime ${Math.round(process.uptime())}`,
    `node_id{advertise_addr="${formatAddress(address)}"} 1`,
    `build_timestamp{tag="${BUILD_TAG}"} 1`,
    'liveness_livenodes 1',
    ...Object.entries(store).map(([name, value]) => `${name}{store="1"} ${value}`),
    '',
  ].join('\n');
}
