interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void | Promise<void>;
  gone: boolean;
}

/** Virtual time: jumps from one due thing to the next. Things due at the same moment go in the order they were asked for. */
export class Clock {
  #heap: Due[] = [];
  #order = 0;

  constructor(public nowMs: number) {}

  /** @returns what takes it back */
  at(atMs: number, act: () => void | Promise<void>): () => void {
    const due: Due = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, act, gone: false };
    this.#push(due);
    return () => {
      due.gone = true;
    };
  }

  after(ms: number, act: () => void | Promise<void>): () => void {
    return this.at(this.nowMs + ms, act);
  }

  /** Lets time pass until nothing is due any more, `ended` says so, or the limit is reached: false then. */
  async run(untilMs: number, ended: () => boolean): Promise<boolean> {
    while (!ended()) {
      const next = this.#pop();
      if (!next) return true;
      if (next.gone) continue;
      if (next.atMs > untilMs) return false;
      this.nowMs = next.atMs;
      const acting = next.act();
      if (acting) await acting;
    }
    return true;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(due, heap[parent] as Due)) break;
      heap[index] = heap[parent] as Due;
      index = parent;
    }
    heap[index] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || top === last) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!before(heap[child] as Due, last)) break;
      heap[index] = heap[child] as Due;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

const before = (a: Due, b: Due) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
