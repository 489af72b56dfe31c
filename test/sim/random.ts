/**
 * Random numbers that depend on what they are for, not on what was drawn before: taking one fault out of a scenario
 * leaves all other times as they were.
 */
export class Random {
  constructor(private readonly seed: number) {}

  /** Uniform in [0, 1), the same for the same words. */
  share(...words: readonly (string | number)[]): number {
    let a = 0xdeadbeef ^ this.seed;
    let b = 0x41c6ce57 ^ this.seed;
    const text = words.join(' ');
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return ((b >>> 0) + (a >>> 0) / 2 ** 32) / 2 ** 32;
  }

  /** Whole number from `low` to `high`, both included. */
  integer(low: number, high: number, ...words: readonly (string | number)[]): number {
    return low + Math.floor(this.share(...words) * (high - low + 1));
  }

  /** Mostly near `low`, sometimes far up to `high`: how long things take. */
  duration(low: number, high: number, ...words: readonly (string | number)[]): number {
    return Math.round(low * (high / low) ** this.share(...words));
  }

  pick<T>(from: readonly T[], ...words: readonly (string | number)[]): T {
    return from[this.integer(0, from.length - 1, ...words)] as T;
  }
}
