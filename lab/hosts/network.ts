import { type Socket } from 'node:net';
import { Wire } from './wire';

interface Link {
  cut: boolean;
  mbps: number | null;
  /** When the bytes let through so far will have passed, at this link's speed (epoch ms). */
  freeAtMs: number;
}

interface Waiting {
  ends: readonly string[];
  dueAtMs: number;
  go: () => void;
  timer?: NodeJS.Timeout;
}

/** Timers are no finer than this; a shorter wait is carried over to the next bytes instead. */
const TIMER_GRAIN_MS = 2;

/**
 * The network between the lab's hosts, as far as SSH uses it: every SSH connection to or from a host passes here.
 *
 * A cut host's connections stay open and no byte passes, in or out, until it is mended. A slow host's connections share
 * one speed, both directions together. Other traffic (HTTP, SQL) is not touched.
 */
export class LabNetwork {
  readonly #links = new Map<string, Link>();
  readonly #nameByAddress = new Map<string, string | null>();
  readonly #waiting = new Set<Waiting>();

  /** Gives a host its link. Hosts that share an address are told apart only as the called side of a connection. */
  join(name: string, address: string): void {
    this.#links.set(name, { cut: false, mbps: null, freeAtMs: 0 });
    const known = this.#nameByAddress.get(address);
    this.#nameByAddress.set(address, known === undefined || known === name ? name : null);
  }

  isCut(name: string): boolean {
    return this.#link(name).cut;
  }

  setCut(name: string, cut: boolean): void {
    this.#link(name).cut = cut;
    this.#reconsider();
  }

  /** @param mbps megabits per second; null for no limit */
  setSpeed(name: string, mbps: number | null): void {
    if (mbps !== null && !(mbps > 0)) throw new RangeError(`${name}: a speed must be above 0 Mbit/s, not ${mbps}`);
    Object.assign(this.#link(name), { mbps, freeAtMs: 0 });
    this.#reconsider();
  }

  /** The connection as the called host's server sees it: what it reads and writes obeys both ends' links. */
  wire(socket: Socket, calledHost: string): Wire {
    const caller = this.#nameByAddress.get(socket.remoteAddress ?? '');
    const ends = caller && caller !== calledHost ? [calledHost, caller] : [calledHost];
    return new Wire(socket, (bytes, go) => this.#pass(ends, bytes, go));
  }

  #link(name: string): Link {
    const link = this.#links.get(name);
    if (!link) throw new Error(`no host ${name} in this network`);
    return link;
  }

  /** Calls `go` when so many bytes may pass: at once, within this call, where nothing is cut or slow. */
  #pass(ends: readonly string[], bytes: number, go: () => void): void {
    const now = Date.now();
    let dueAtMs = now;
    for (const end of ends) {
      const link = this.#link(end);
      if (link.mbps === null || bytes === 0) continue;
      link.freeAtMs = Math.max(now, link.freeAtMs) + (bytes * 8) / (link.mbps * 1000);
      dueAtMs = Math.max(dueAtMs, link.freeAtMs);
    }
    if (dueAtMs - now < TIMER_GRAIN_MS && !ends.some((end) => this.isCut(end))) return go();
    const waiting = { ends, dueAtMs, go };
    this.#waiting.add(waiting);
    this.#schedule(waiting);
  }

  #schedule(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    if (waiting.ends.some((end) => this.isCut(end))) return;
    waiting.timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      waiting.go();
    }, waiting.dueAtMs - Date.now());
    waiting.timer.unref();
  }

  #reconsider(): void {
    for (const waiting of this.#waiting) {
      if (waiting.ends.every((end) => this.#link(end).mbps === null)) waiting.dueAtMs = 0;
      this.#schedule(waiting);
    }
  }
}
