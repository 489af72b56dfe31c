/** Waits that end together: after `close` none of them goes on, as in a process that has died. */
export class Waits {
  private readonly timers = new Set<NodeJS.Timeout>();
  private closed = false;

  /** Resolves after `ms` milliseconds, or never once closed. */
  for(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.closed) return;
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        resolve();
      }, ms);
      this.timers.add(timer);
    });
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
