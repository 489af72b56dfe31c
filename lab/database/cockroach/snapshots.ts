import { type Client } from 'pg';
import { connect } from './client';
import { CommandFailure } from './failure';
import { type Address } from './flags';

/** What each database held at one time: PostgreSQL's names of snapshots, by database. */
export interface Snapshot {
  readonly time: Date;
  readonly ids: ReadonlyMap<string, string>;
  release(): Promise<void>;
}

const FIRST_ASKED_WITHIN_MS = 30_000;
const KEPT_MS = 10 * 60_000;

/**
 * The times that a server remembers: PostgreSQL cannot look back, but it keeps what it had when it began to serve, which
 * is what it had all the time since it wrote last, and what it had when it was first asked.
 *
 * Who asks for the same time again, within ten minutes, sees the same. The databases of a snapshot are a few
 * milliseconds apart.
 */
export class Snapshots {
  readonly #kept = new Map<string, Promise<Snapshot>>();
  #began: { readonly lastWrite: Date; readonly snapshot: Snapshot } | undefined;

  constructor(private readonly address: Address) {}

  /** Keeps what the databases hold, before anybody can have written to them. @param lastWrite of the server before this one */
  async begin(lastWrite: Date): Promise<void> {
    const snapshot = await this.now();
    this.#began = { lastWrite, snapshot };
    setTimeout(() => {
      this.#began = undefined;
      void snapshot.release();
    }, KEPT_MS).unref();
  }

  /** @throws CommandFailure for a time that is to come, or was long ago when it was first asked for */
  async at(time: string): Promise<Snapshot> {
    const kept = this.#kept.get(time);
    if (kept) return kept;
    const asked = parseTime(time);
    if (this.#began && asked >= this.#began.lastWrite && asked <= this.#began.snapshot.time)
      return this.#began.snapshot;
    const agoMs = Date.now() - asked.getTime();
    if (agoMs < -1_000) throw new CommandFailure(`AS OF SYSTEM TIME: cannot specify timestamp in the future: ${time}`);
    if (agoMs > FIRST_ASKED_WITHIN_MS)
      throw new CommandFailure(
        `the stand-in has nothing as of system time '${time}': it remembers a time only if it was asked for it within ${FIRST_ASKED_WITHIN_MS / 1000} s`,
      );
    const taken = this.now(asked);
    this.#kept.set(time, taken);
    const forget = () => {
      this.#kept.delete(time);
      void taken.then((snapshot) => snapshot.release()).catch(() => undefined);
    };
    taken.catch(forget);
    setTimeout(forget, KEPT_MS).unref();
    return taken;
  }

  /** What the databases hold now; the caller releases it. */
  async now(time = new Date()): Promise<Snapshot> {
    const clients: Client[] = [];
    const release = async () => void (await Promise.allSettled(clients.map((client) => client.end())));
    try {
      const opened = (await databasesOf(this.address)).map(async (name) => {
        const client = await connect(this.address, name);
        clients.push(client);
        await client.query('begin isolation level repeatable read read only');
        const { rows } = await client.query<{ id: string }>('select pg_export_snapshot() as id');
        return [name, rows[0]?.id ?? ''] as const;
      });
      // All of them, so that a failure leaves none open.
      await Promise.allSettled(opened);
      return { time, ids: new Map(await Promise.all(opened)), release };
    } catch (error) {
      await release();
      throw error;
    }
  }
}

/** A client's transaction sees what the snapshot has of its database from now on. */
export async function lookBack(client: Client, id: string): Promise<void> {
  await client.query('begin isolation level repeatable read read only');
  await client.query(`set transaction snapshot '${id}'`);
}

/** The databases that are not PostgreSQL's own. */
export async function databasesOf(address: Address): Promise<string[]> {
  const client = await connect(address);
  try {
    const { rows } = await client.query<{ name: string }>(
      'select datname as name from pg_database where not datistemplate order by 1',
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

/** A timestamp, UTC where it names no zone, or nanoseconds since 1970, with or without a logical part. */
function parseTime(text: string): Date {
  if (/^\d{15,}(\.\d+)?$/.test(text)) return new Date(parseInt(text) / 1_000_000);
  const [, day, clock = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[ T]([\d:.]+))? ?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(text) ?? [];
  const time = new Date(`${day}T${clock}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone}`);
  if (Number.isNaN(time.getTime()))
    throw new CommandFailure(`AS OF SYSTEM TIME: value is neither timestamp, decimal, nor interval: ${text}`);
  return time;
}
