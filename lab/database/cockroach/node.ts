import { connect } from './client';
import { controlOf, order } from './control';
import { CommandFailure } from './failure';
import { CLIENT_FLAGS, formatAddress, parseAddress, parseFlags, type Address } from './flags';
import { parseRowFormat, renderRows } from './rows';
import { BUILD_TAG, RANGES } from './version';

/** `cockroach node status|ls|drain` of a cluster of one. */
export async function node(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv;
  if (command === 'status') return status(rest);
  if (command === 'ls') return list(rest);
  if (command === 'drain') return drain(rest);
  throw new CommandFailure(`unknown command "${command ?? ''}" for "cockroach node"`);
}

/** `cockroach quit`: drain, then end the process. */
export async function quit(argv: readonly string[]): Promise<void> {
  const control = await controlAddress(clientAddress(argv));
  await drainServer(control);
  await order(control, 'stop');
  process.stdout.write('ok\n');
}

async function status(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseFlags(argv, {
    ...CLIENT_FLAGS,
    ranges: { type: 'boolean' },
    decommission: { type: 'boolean' },
    all: { type: 'boolean' },
    timeout: { type: 'string' },
  });
  const format = parseRowFormat(values.format);
  const [id] = positionals;
  if (id !== undefined && !/^\d+$/.test(id)) throw new CommandFailure(`could not parse node_id ${id}`);
  const address = parseAddress(values.host, 26257);
  const times = await query(address, 'select pg_postmaster_start_time(), now()');
  if (id !== undefined && id !== '1') throw new CommandFailure(`node ${id} doesn't exist`);

  const at = formatAddress(address);
  const cells: [string, string][] = [
    ['id', '1'],
    ['address', at],
    ['sql_address', at],
    ['build', BUILD_TAG],
    ['started_at', `${times[0]}:00`],
    ['updated_at', `${times[1]}:00`],
    ['locality', ''],
    ['is_available', 'true'],
    ['is_live', 'true'],
  ];
  if (values.ranges || values.all)
    cells.push(
      ['replicas_leaders', RANGES],
      ['replicas_leaseholders', RANGES],
      ['ranges', RANGES],
      ['ranges_unavailable', '0'],
      ['ranges_underreplicated', '0'],
    );
  if (values.decommission || values.all)
    cells.push(
      ['gossiped_replicas', RANGES],
      ['is_decommissioning', 'false'],
      ['membership', 'active'],
      ['is_draining', 'false'],
    );
  const [names, row] = [cells.map(([name]) => name), cells.map(([, value]) => value)];
  process.stdout.write(renderRows(names, [row], format));
}

async function list(argv: readonly string[]): Promise<void> {
  const { values } = parseFlags(argv, CLIENT_FLAGS);
  await query(parseAddress(values.host, 26257), 'select 1');
  process.stdout.write('id\n1\n');
}

async function drain(argv: readonly string[]): Promise<void> {
  await drainServer(await controlAddress(clientAddress(argv)).catch(unlessDraining));
  process.stdout.write('ok\n');
}

async function drainServer(control: string | undefined): Promise<void> {
  if (control !== undefined) {
    process.stderr.write(`node is draining... remaining: ${RANGES}\n`);
    await order(control, 'drain');
  }
  process.stderr.write('node is draining... remaining: 0 (complete)\n');
}

function clientAddress(argv: readonly string[]): Address {
  const { values } = parseFlags(argv, {
    ...CLIENT_FLAGS,
    'drain-wait': { type: 'string' },
    self: { type: 'boolean' },
  });
  return parseAddress(values.host, 26257);
}

async function controlAddress(address: Address): Promise<string> {
  const client = await connect(address);
  try {
    return await controlOf(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function unlessDraining(error: unknown): undefined {
  if (error instanceof CommandFailure && error.sqlState === '57P01') return undefined;
  throw error;
}

async function query(address: Address, text: string): Promise<string[]> {
  const client = await connect(address);
  try {
    return (await client.query<string[]>({ text, rowMode: 'array' })).rows[0] ?? [];
  } finally {
    await client.end().catch(() => undefined);
  }
}
