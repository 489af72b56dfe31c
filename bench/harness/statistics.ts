/** What repeated measurements come to. */
export interface Summary {
  readonly min: number;
  readonly median: number;
  /** From the lowest to the highest, as a share of the median. */
  readonly spread: number;
}

/** @param samples at least one */
export function summaryOf(samples: readonly number[]): Summary {
  const min = Math.min(...samples);
  const median = medianOf(samples);
  return { min, median, spread: median === 0 ? 0 : (Math.max(...samples) - min) / median };
}

/** @param samples at least one */
export function medianOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * How many times another a figure is: the median of the ratios of each round, since what disturbs a round disturbs both.
 *
 * @param samples of one and of the other, in the same rounds
 */
export function ratioOf(samples: readonly number[], others: readonly number[]): number {
  return medianOf(samples.slice(0, others.length).map((sample, round) => sample / (others[round] ?? NaN)));
}
