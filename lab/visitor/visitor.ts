import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { type Glimpse, visit } from './browser';
import { Journal } from './journal';
import { type Outage, OutageRecorder } from './outages';

/** What the visitor has seen since the lab's data was made. */
export interface VisitorStatus {
  readonly reads: number;
  readonly writesAcknowledged: number;
  /** Acknowledged writes that the last `check` did not find. 0 before the first. */
  readonly writesLost: number;
  readonly outages: readonly Outage[];
}

export interface VisitorOptions {
  /** The site's public address, such as `http://127.0.0.1:8080`. */
  readonly publicUrl: string;
  /** Keeps everything seen, across restarts. */
  readonly journal: string;
  /** Requests a second, reads and writes in equal parts. @default 30 */
  readonly perSecond?: number;
}

/** Of a list of post ids, those that exist. */
export type FindPosts = (ids: readonly string[]) => Promise<readonly string[]>;

const MOST_IN_FLIGHT = 200;
const CHECK_AT_ONCE = 5_000;

/**
 * A visitor of the site: reads and writes through the public address, over fresh and kept connections in turn, never
 * the same write twice, and keeps account of what was acknowledged and of when production was not served.
 *
 * A write counts as acknowledged by its 201 alone; one whose answer was lost may exist or not, and does not count.
 */
export class Visitor {
  readonly #journal: Journal;
  readonly #recorder: OutageRecorder;
  /** Used in rotation, so that none is idle for so long that the server closes it just when it is used again. */
  readonly #kept = new Agent({ keepAlive: true, maxSockets: 4, scheduling: 'fifo' });
  readonly #inFlight = new Set<Promise<void>>();
  readonly #name = randomUUID().slice(0, 8);
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;
  #writesLost = 0;

  constructor(private readonly options: VisitorOptions) {
    this.#journal = new Journal(options.journal);
    this.#recorder = new OutageRecorder((outage) => this.#journal.add({ outage }));
  }

  /** Begins to visit. */
  start(): void {
    const startedAt = performance.now();
    const perSecond = this.options.perSecond ?? 30;
    this.#timer ??= setInterval(() => {
      // By the time passed, not by ticks: a busy machine delays ticks. After a long stall it does not catch up.
      const due = ((performance.now() - startedAt) / 1000) * perSecond;
      this.#turn = Math.max(this.#turn, Math.floor(due - perSecond));
      while (this.#turn < due && this.#inFlight.size < MOST_IN_FLIGHT) this.#go(this.#turn++);
    }, 1000 / perSecond);
  }

  /** Ends visiting; what was seen is in the journal. The visitor cannot be started again. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    this.#recorder.close(Date.now());
    this.#kept.destroy();
    this.#journal.close();
  }

  /** An outage that goes on is included, up to now. */
  status(): VisitorStatus {
    const current = this.#recorder.current(Date.now());
    return {
      reads: this.#journal.reads,
      writesAcknowledged: this.#journal.acknowledged.length,
      writesLost: this.#writesLost,
      outages: [...this.#journal.outages, ...(current ? [current] : [])],
    };
  }

  /**
   * Looks up every write acknowledged so far and returns how many are gone.
   *
   * @throws what `find` throws, for example while the database is stopped; the count then stays as it was.
   */
  async check(find: FindPosts): Promise<number> {
    const ids = [...this.#journal.acknowledged];
    let lost = 0;
    for (let from = 0; from < ids.length; from += CHECK_AT_ONCE) {
      const some = ids.slice(from, from + CHECK_AT_ONCE);
      const found = new Set(await find(some));
      lost += some.filter((id) => !found.has(id)).length;
    }
    this.#writesLost = lost;
    return lost;
  }

  #go(turn: number): void {
    const agent = turn % 4 < 2 ? false : this.#kept;
    const visited = turn % 2 === 0 ? this.#read(turn, agent) : this.#write(turn, agent);
    this.#inFlight.add(visited);
    void visited.finally(() => this.#inFlight.delete(visited));
  }

  async #read(turn: number, agent: Agent | false): Promise<void> {
    const last = this.#journal.acknowledged.at(-1);
    const page = turn % 8 === 0 && last !== undefined ? `/posts/${last}` : '/';
    this.#see(await visit({ url: new URL(page, this.options.publicUrl), agent }), () =>
      this.#journal.add({ reads: 1 }),
    );
  }

  async #write(turn: number, agent: Agent | false): Promise<void> {
    const post = { id: `visitor-${this.#name}-${turn}`, body: `what I saw at turn ${turn}` };
    const glimpse = await visit({ url: new URL('/posts', this.options.publicUrl), agent, post });
    this.#see(glimpse, () => glimpse.status === 201 && this.#journal.add({ ack: post.id }));
  }

  #see(glimpse: Glimpse, served: () => void): void {
    if (glimpse.sight === 'production') served();
    this.#recorder.see(glimpse.sight, glimpse.startedAt, glimpse.endedAt);
  }
}
