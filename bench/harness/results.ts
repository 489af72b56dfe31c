import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchResult, type CaseResult } from './result';

/** The results in a directory, a file a bench. */
export class Results {
  constructor(readonly directory: string) {}

  /** Null: never measured. */
  of(bench: string): BenchResult | null {
    try {
      return JSON.parse(readFileSync(this.#file(bench), 'utf8')) as BenchResult;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Keeps a case, in the place of an older result of it; cases that there are no more go. @param order names of all there are */
  keep(bench: string, shows: string, taken: CaseResult, order: readonly string[]): BenchResult {
    const others = (this.of(bench)?.cases ?? []).filter((each) => each.case !== taken.case);
    const cases = order.flatMap((name) => [...others, taken].find((each) => each.case === name) ?? []);
    const result = { bench, shows, cases };
    mkdirSync(this.directory, { recursive: true });
    writeFileSync(`${this.#file(bench)}.new`, `${JSON.stringify(result, null, 2)}\n`);
    renameSync(`${this.#file(bench)}.new`, this.#file(bench));
    return result;
  }

  #file(bench: string): string {
    return join(this.directory, `${bench}.json`);
  }
}
