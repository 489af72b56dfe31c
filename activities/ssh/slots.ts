/** A limited number of places; who comes when all are taken waits in line. */
export class Slots {
  private taken = 0;
  private readonly line: (() => void)[] = [];

  constructor(private readonly size: number) {}

  /**
   * Takes a place and returns the function that gives it back, to be called once.
   * @throws the signal's reason when it is aborted while waiting.
   */
  async take(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.taken >= this.size) await this.wait(signal);
    else this.taken++;
    return () => {
      const next = this.line.shift();
      if (next) next();
      else this.taken--;
    };
  }

  private wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.line.splice(this.line.indexOf(give), 1);
        reject(signal?.reason as Error);
      };
      this.line.push(give);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
