import { once } from 'node:events';
import { type Server } from 'node:http';
import { parseArgs } from 'node:util';

/** The `--name value` arguments of a program, each of which may be given several times. */
export function readArguments<const N extends string>(...names: N[]): Record<N, string[]> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string', multiple: true } as const]));
  const { values } = parseArgs({ options });
  return Object.fromEntries(names.map((name) => [name, values[name] ?? []])) as Record<N, string[]>;
}

/** The single value of an argument. @throws Error naming the argument that is missing. */
export function required(name: string, [value]: readonly string[]): string {
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

/** Serves on `host:port` until SIGTERM, which ends the process at once with exit code 0. */
export async function serveOn(server: Server, address: string): Promise<void> {
  const [host, port] = address.split(':');
  process.on('SIGTERM', () => process.exit(0));
  server.listen({ host, port: Number(port) });
  await once(server, 'listening');
  process.stdout.write(`listening on ${address}\n`);
}
