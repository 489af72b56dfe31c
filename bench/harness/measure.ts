import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, type Workshop } from './bench';
import { resultOf, type RowResult } from './result';

/** What a case has come to, but for where and when. */
export interface Measured {
  readonly rows: readonly RowResult[];
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Prepares a case and lets its contenders take turns, so that a noisy neighbour hits all of them.
 *
 * Whatever it has opened is closed when this returns or throws, and when `ended` is aborted.
 * @throws what the case throws: it cannot run
 */
export async function measure(
  { rounds, rows, prepare }: Case,
  say: (line: string) => void,
  ended: AbortSignal,
): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  const samples = new Map<string, number[]>();
  const leftOut = new Map<string, string>();
  const versions: Record<string, string> = {};
  const workshop: Workshop = {
    directory,
    say,
    onClose: (close) => void closers.push(close),
    leaveOut: (row, why) => void leftOut.set(row, why),
    version: (of, is) => void (versions[of] = is),
  };
  const work = async () => {
    const contenders = await prepare(workshop);
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}`);
      for (const { turn } of contenders)
        for (const [row, figure] of Object.entries(await turn()))
          samples.set(row, [...(samples.get(row) ?? []), figure]);
    }
    return { rows: resultOf(rows, samples, leftOut), versions };
  };
  try {
    return await Promise.race([work(), rejectionOf(ended)]);
  } finally {
    for (const close of closers.reverse())
      await Promise.resolve()
        .then(close)
        .catch((error: unknown) => say(`after the bench: ${String(error)}`));
  }
}

function rejectionOf(ended: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(ended.reason as Error);
    if (ended.aborted) end();
    ended.addEventListener('abort', end, { once: true });
  });
}
