import { randomBytes, randomUUID } from 'node:crypto';

/** The services the cloud consists of, by what they are for. */
export type ServiceName = 'identity' | 'compute' | 'network' | 'volume';

/** `error` is a server no host would take: it has none, and accepts no action. */
export type VmState = 'active' | 'stopped' | 'error';

/** What nova is doing with a server at the moment. */
export type TaskState =
  'powering-on' | 'powering-off' | 'rebooting' | 'reboot_started' | 'rebooting_hard' | 'reboot_started_hard';

/** One entry of a server's instance actions; `result` is null while it is under way. */
export interface ActionRecord {
  action: 'create' | 'start' | 'stop' | 'reboot' | 'lock' | 'unlock';
  requestId: string;
  startedAt: string;
  finishedAt: string | null;
  result: 'Success' | 'Error' | null;
}

/** A server with its one port. `name` is the lab's host it stands for. Times are ISO strings. */
export interface ServerRecord {
  id: string;
  name: string;
  address: string;
  portId: string;
  mac: string;
  hostId: string;
  vmState: VmState;
  taskState: TaskState | null;
  locked: boolean;
  lockedReason: string | null;
  description: string | null;
  metadata: Record<string, string>;
  fault: { message: string; at: string } | null;
  console: string[];
  /** Newest first. */
  actions: ActionRecord[];
  createdAt: string;
  updatedAt: string;
  launchedAt: string;
}

/** A floating IP; `shownOn` is the port nova still believes it to be on: its own view lags behind neutron's. */
export interface FloatingIpRecord {
  id: string;
  address: string;
  portId: string | null;
  shownOn: string | null;
  status: 'ACTIVE' | 'DOWN';
  description: string;
  revision: number;
  createdAt: string;
  updatedAt: string;
}

/** A volume, attached to at most one server. */
export interface VolumeRecord {
  id: string;
  name: string;
  sizeGb: number;
  attachment: { id: string; serverId: string; device: string; at: string } | null;
  createdAt: string;
  updatedAt: string;
}

/** An application credential of the one user. */
export interface ApplicationCredential {
  id: string;
  name: string;
  secret: string;
}

/** Everything the cloud remembers, as plain JSON. Tokens and faults are not part of it. */
export interface CloudState {
  ids: {
    project: string;
    user: string;
    flavor: string;
    image: string;
    router: string;
    securityGroup: string;
    publicNetwork: string;
    publicSubnet: string;
    privateNetwork: string;
    privateSubnet: string;
  };
  createdAt: string;
  servers: ServerRecord[];
  floatingIps: FloatingIpRecord[];
  volumes: VolumeRecord[];
  credentials: ApplicationCredential[];
}

/** What a new cloud holds. */
export interface Inventory {
  servers: { name: string; address: string; poweredOn: boolean }[];
  floatingIps: { address: string; at: string }[];
  volumes: { name: string; attachedTo: string; sizeGb: number }[];
}

/** Keystone's kind of id: 32 hexadecimal digits. */
export const hexId = (): string => randomUUID().replaceAll('-', '');

/** The present time, as the records keep it. */
export const now = (): string => new Date().toISOString();

/** A request id as OpenStack's services make them. */
export const newRequestId = (): string => `req-${randomUUID()}`;

/** A cloud that has just been built from its inventory. */
export function initialState(inventory: Inventory): CloudState {
  const createdAt = now();
  const ids = {
    project: hexId(),
    user: hexId(),
    flavor: randomUUID(),
    image: randomUUID(),
    router: randomUUID(),
    securityGroup: randomUUID(),
    publicNetwork: randomUUID(),
    publicSubnet: randomUUID(),
    privateNetwork: randomUUID(),
    privateSubnet: randomUUID(),
  };
  const servers = inventory.servers.map((server) => newServer(server, createdAt));
  const at = (name: string): ServerRecord => {
    const server = servers.find((candidate) => candidate.name === name);
    if (!server) throw new Error(`no server ${name} among ${servers.map((each) => each.name).join(', ')}`);
    return server;
  };
  return {
    ids,
    createdAt,
    servers,
    floatingIps: inventory.floatingIps.map(({ address, at: name }) => ({
      id: randomUUID(),
      address,
      portId: at(name).portId,
      shownOn: at(name).portId,
      status: 'ACTIVE',
      description: '',
      revision: 2,
      createdAt,
      updatedAt: createdAt,
    })),
    volumes: inventory.volumes.map(({ name, attachedTo, sizeGb }) => ({
      id: randomUUID(),
      name,
      sizeGb,
      attachment: { id: randomUUID(), serverId: at(attachedTo).id, device: '/dev/vdb', at: createdAt },
      createdAt,
      updatedAt: createdAt,
    })),
    credentials: [],
  };
}

function newServer(server: Inventory['servers'][number], createdAt: string): ServerRecord {
  const action = 'create';
  return {
    id: randomUUID(),
    name: server.name,
    address: server.address,
    portId: randomUUID(),
    mac: `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`,
    hostId: randomBytes(28).toString('hex'),
    vmState: server.poweredOn ? 'active' : 'stopped',
    taskState: null,
    locked: false,
    lockedReason: null,
    description: server.name,
    metadata: {},
    fault: null,
    console: [],
    actions: [{ action, requestId: newRequestId(), startedAt: createdAt, finishedAt: createdAt, result: 'Success' }],
    createdAt,
    updatedAt: createdAt,
    launchedAt: createdAt,
  };
}
