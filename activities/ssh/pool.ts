import { type Client } from 'ssh2';
import { type Target } from './config';
import { type Connection } from './connect';
import { Slots } from './slots';

/** A connection that is shared; `release` it when done. */
export interface Lease {
  readonly client: Client;
  /** OpenSSH refuses more than ten sessions on a connection (`MaxSessions`). */
  readonly channels: Slots;
  release(): void;
}

export interface PoolOptions {
  readonly connect: (target: Target) => Promise<Connection>;
  readonly channels: number;
  readonly idleMs: number;
  /** Connections kept open that nobody uses; the one that was used longest ago is closed for the next. */
  readonly mostIdle: number;
}

interface Entry extends Connection {
  readonly channels: Slots;
  /** Takes it out of the pool: the next lease gets a new one. */
  readonly drop: () => void;
  dropped: boolean;
  uses: number;
  idle?: NodeJS.Timeout;
}

/** One connection per target, made when first asked for, shared, closed when idle or when too many are, made anew after a loss. */
export class ConnectionPool {
  private readonly entries = new Map<string, Promise<Entry>>();
  /** In the order in which they were last used. */
  private readonly idle = new Set<Entry>();
  private closed = false;

  constructor(private readonly options: PoolOptions) {}

  async lease(target: Target): Promise<Lease> {
    let entry = await this.entry(target);
    // It may have been lost between the moment it was made and the moment we come to use it.
    if (entry.dropped) entry = await this.entry(target);
    this.unsetIdle(entry);
    entry.uses++;
    const { client, channels } = entry;
    return { client, channels, release: () => this.release(entry) };
  }

  /** Ends all connections, also those in use. */
  async close(): Promise<void> {
    this.closed = true;
    for (const made of await Promise.allSettled(this.entries.values()))
      if (made.status === 'fulfilled') this.end(made.value);
  }

  private entry(target: Target): Promise<Entry> {
    const key = JSON.stringify(target);
    const known = this.entries.get(key);
    if (known) return known;
    const forget = () => this.entries.get(key) === made && this.entries.delete(key);
    const made = this.options.connect(target).then((connection): Entry => {
      const entry: Entry = {
        ...connection,
        channels: new Slots(this.options.channels),
        uses: 0,
        dropped: false,
        drop: () => {
          entry.dropped = true;
          this.unsetIdle(entry);
          forget();
        },
      };
      entry.client.on('close', entry.drop);
      return entry;
    });
    this.entries.set(key, made);
    made.catch(forget);
    return made;
  }

  private release(entry: Entry): void {
    entry.uses--;
    if (entry.uses > 0 || entry.dropped) return;
    if (this.closed) return this.end(entry);
    entry.idle = setTimeout(() => this.end(entry), this.options.idleMs).unref();
    this.idle.add(entry);
    const [oldest] = this.idle;
    if (oldest && this.idle.size > this.options.mostIdle) this.end(oldest);
  }

  private unsetIdle(entry: Entry): void {
    clearTimeout(entry.idle);
    this.idle.delete(entry);
  }

  private end(entry: Entry): void {
    entry.drop();
    entry.end();
  }
}
