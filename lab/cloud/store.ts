import { now, type CloudState, type FloatingIpRecord, type ServerRecord, type VolumeRecord } from './state';

/** The cloud's state, with a copy to whoever keeps it each time it has changed. */
export class Store {
  /** State-changing requests that were accepted. */
  changes = 0;

  constructor(
    readonly state: CloudState,
    private readonly onStateChanged: (state: CloudState) => void,
  ) {}

  /** Something has happened by itself: a task went on, an agent caught up. */
  save(): void {
    this.onStateChanged(structuredClone(this.state));
  }

  /** A request has been accepted that changes something. */
  accepted(): void {
    this.changes++;
    this.save();
  }

  /** Marks a record as changed now. */
  touch(record: { updatedAt: string }): void {
    record.updatedAt = now();
  }

  server(id: string): ServerRecord | undefined {
    return this.state.servers.find((server) => server.id === id);
  }

  /** @throws Error when the cloud has no such server: a mistake of the lab's caller. */
  serverNamed(name: string): ServerRecord {
    const server = this.state.servers.find((candidate) => candidate.name === name);
    if (!server) throw new Error(`the cloud has no server ${name}`);
    return server;
  }

  serverOfPort(portId: string | null): ServerRecord | undefined {
    return this.state.servers.find((server) => server.portId === portId);
  }

  /** @throws Error when the cloud has no such address: a mistake of the lab's caller. */
  floatingIpAt(address: string): FloatingIpRecord {
    const found = this.state.floatingIps.find((candidate) => candidate.address === address);
    if (!found) throw new Error(`the cloud has no floating IP ${address}`);
    return found;
  }

  volumesOf(serverId: string): VolumeRecord[] {
    return this.state.volumes.filter((volume) => volume.attachment?.serverId === serverId);
  }
}
