import { createHash } from 'node:crypto';

/** The lab's hosts, each with a server of that name in the cloud. `www3` has the fallback page. */
export const HOST_NAMES = ['balancer', 'www1', 'www2', 'www3', 'db1', 'backup', 'manager'] as const;

export type HostName = (typeof HOST_NAMES)[number];

/** Where something listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Addresses and ports of a lab. All follow from its slot, so that several labs can run side by side. */
export interface Layout {
  /** 1 to 250. */
  readonly slot: number;
  readonly control: Endpoint;
  readonly notifications: Endpoint;
  readonly temporal: Endpoint;
  readonly temporalUi: Endpoint;
  /** The cloud's services. */
  readonly identity: Endpoint;
  readonly compute: Endpoint;
  readonly network: Endpoint;
  readonly volume: Endpoint;
  /** The floating IP. */
  readonly public: Endpoint;
  readonly sql: Endpoint;
  readonly databaseHealth: Endpoint;
  readonly ssh: Readonly<Record<HostName, Endpoint>>;
  /** Where balancer, web servers and fallback page answer. */
  readonly web: Readonly<Record<HostName, Endpoint>>;
}

export const SLOTS = 250;

/** The slot a lab asks for first. */
export function preferredSlot(directory: string): number {
  return (createHash('sha256').update(directory).digest().readUInt16BE() % SLOTS) + 1;
}

/** On Linux every address of 127/8 can be used, elsewhere only 127.0.0.1: there each slot has a block of ports. */
export function layoutOf(slot: number, platform: NodeJS.Platform = process.platform): Layout {
  let used = 0;
  const at = (lastByte: number, port: number): Endpoint =>
    platform === 'linux'
      ? { host: `127.77.${slot}.${lastByte}`, port }
      : { host: '127.0.0.1', port: 20_000 + slot * PORTS_A_SLOT + used++ };
  const onEachHost = (port: number) =>
    Object.fromEntries(HOST_NAMES.map((name, index) => [name, at(FIRST_HOST + index, port)])) as Layout['ssh'];
  const web = onEachHost(8080);
  return {
    slot,
    control: at(1, 7777),
    notifications: at(1, 7780),
    // On any other address its services do not find each other.
    temporal: { host: '127.0.0.1', port: TEMPORAL_PORTS + 2 * slot },
    temporalUi: { host: '127.0.0.1', port: TEMPORAL_PORTS + 2 * slot + 1 },
    identity: at(2, 5000),
    compute: at(2, 8774),
    network: at(2, 9696),
    volume: at(2, 8776),
    public: at(100, 8080),
    sql: at(FIRST_HOST + HOST_NAMES.indexOf('db1'), 26257),
    databaseHealth: web.db1,
    ssh: onEachHost(2222),
    web,
  };
}

const FIRST_HOST = 11;
const PORTS_A_SLOT = 40;
/** Below what systems hand out by themselves. */
const TEMPORAL_PORTS = 31_000;

/** `host:port`. */
export function text({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}
