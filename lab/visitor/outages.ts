/** What a visitor saw: the page of production, the fallback page, a failure, or a connection cut in mid-request. */
export type Sight = 'production' | 'fallback' | 'error' | 'cut';

/** An interval in which the site was not served as production. */
export interface Outage {
  /** The first request that was not served, or the end of the last one that was, whichever is later. ISO time. */
  readonly from: string;
  /** The first request that was served again. ISO time. */
  readonly to: string;
  readonly ms: number;
  readonly kind: 'fallback' | 'error';
}

interface Open {
  readonly from: number;
  kind: Outage['kind'];
  /** Nothing but cut connections so far: a floating IP that moves cuts, whatever it leads to next. */
  cutOnly: boolean;
}

/** Turns what single requests saw into intervals. Times are epoch milliseconds. */
export class OutageRecorder {
  #open: Open | undefined;
  #lastGood = 0;
  /** A request sent before this moment tells of a state that has ended. */
  #since = 0;

  constructor(private readonly record: (outage: Outage) => void) {}

  /** Takes in what a request saw that was sent at `startedAt` and answered, or given up, at `endedAt`. */
  see(sight: Sight, startedAt: number, endedAt: number): void {
    if (sight === 'production') this.#lastGood = Math.max(this.#lastGood, endedAt);
    if (startedAt < this.#since) return;
    if (sight === 'production') this.close(endedAt);
    else if (!this.#open) this.#begin(sight, Math.max(startedAt, this.#lastGood));
    else if (sight !== 'cut') this.#goOn(this.#open, sight, endedAt);
  }

  /** The outage that has not ended yet, as it would be recorded now. */
  current(now: number): Outage | undefined {
    return this.#open && outage(this.#open, now);
  }

  /** Ends the outage that is open, if any. */
  close(now: number): void {
    if (!this.#open) return;
    this.record(outage(this.#open, now));
    this.#open = undefined;
    this.#since = now;
  }

  #begin(sight: Exclude<Sight, 'production'>, from: number): void {
    this.#open = { from, kind: sight === 'fallback' ? 'fallback' : 'error', cutOnly: sight === 'cut' };
    this.#since = from;
  }

  #goOn(open: Open, kind: Outage['kind'], at: number): void {
    if (open.cutOnly) open.kind = kind;
    open.cutOnly = false;
    if (kind === open.kind) return;
    this.close(at);
    this.#begin(kind, at);
  }
}

function outage({ from, kind }: Open, to: number): Outage {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), ms: Math.round(to - from), kind };
}
