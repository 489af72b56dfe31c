import { Refusal } from './refusal';
import { type FloatingIpRecord, type ServerRecord } from './state';
import { type Store } from './store';
import { type Waits } from './waits';

/** What a client may set; null takes the address off its port. */
export interface FloatingIpChange {
  port_id?: string | null;
  description?: string;
}

/** Where floating IPs are. The move itself takes effect at once; the agents' and nova's view of it follows `settleMs` later. */
export class FloatingIps {
  constructor(
    private readonly store: Store,
    private readonly waits: Waits,
    private readonly settleMs: number,
    private readonly onMoved: (address: string, server: string | null) => void,
  ) {
    for (const fip of store.state.floatingIps) this.arrived(fip);
  }

  /** @throws Refusal 404 for a port that is not there, 409 for one that has another floating IP. Nothing is changed then. */
  update(fip: FloatingIpRecord, change: FloatingIpChange): void {
    const { portId: before } = fip;
    const { port_id: portId = before, description = fip.description } = change;
    if (portId !== null) this.requireFree(portId, fip);
    fip.portId = portId;
    fip.description = description;
    this.revise(fip);
    if (portId !== before) {
      this.onMoved(fip.address, this.store.serverOfPort(portId)?.name ?? null);
      void this.settle(fip, before);
    }
    this.store.accepted();
  }

  private requireFree(portId: string, fip: FloatingIpRecord): void {
    const server = this.store.serverOfPort(portId);
    if (!server) throw new Refusal(404, `Port ${portId} could not be found.`, { type: 'PortNotFound' });
    const other = this.store.state.floatingIps.find((each) => each !== fip && each.portId === portId);
    if (other) throw taken(fip, server, this.store.state.ids.publicNetwork);
  }

  private async settle(fip: FloatingIpRecord, before: string | null): Promise<void> {
    const { portId } = fip;
    if (before !== null && portId !== null) {
      // A move: nova's cache of the one server is refreshed, then that of the other.
      await this.waits.for(this.settleMs);
      if (fip.portId !== portId) return;
      fip.shownOn = null;
      this.store.save();
      await this.waits.for(this.settleMs / 8);
    } else {
      fip.shownOn = portId;
      await this.waits.for(this.settleMs);
    }
    if (fip.portId !== portId) return;
    this.arrived(fip);
    this.store.save();
  }

  private arrived(fip: FloatingIpRecord): void {
    const status = fip.portId === null ? 'DOWN' : 'ACTIVE';
    fip.shownOn = fip.portId;
    if (fip.status === status) return;
    fip.status = status;
    this.revise(fip);
  }

  private revise(fip: FloatingIpRecord): void {
    fip.revision++;
    this.store.touch(fip);
  }
}

const taken = (fip: FloatingIpRecord, server: ServerRecord, network: string): Refusal =>
  new Refusal(
    409,
    `Cannot associate floating IP ${fip.address} (${fip.id}) with port ${server.portId} using fixed IP ` +
      `${server.address}, as that fixed IP already has a floating IP on external network ${network}.`,
    { type: 'FloatingIPPortAlreadyAssociated' },
  );
