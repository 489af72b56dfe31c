import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, type Dealt } from './case';

interface Line {
  readonly commit: string | null;
  /** Of all sittings, up to here. */
  readonly elapsedMs: number;
  readonly dealt: Dealt;
}

/** What a sweep has dealt, kept in a file from case to case: it takes hours, and need not be done in one sitting. */
export class Journal {
  readonly #startedAt = Date.now();

  private constructor(
    private readonly file: string,
    private readonly commit: string | null,
    /** In earlier sittings. */
    private readonly dealt: readonly Dealt[],
    private readonly before: number,
  ) {}

  /** @param resume takes up what was dealt of the same commit; else the journal begins anew */
  static open(directory: string, subject: string, seed: number, commit: string | null, resume: boolean): Journal {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `${subject}-${seed}.jsonl`);
    if (!resume) rmSync(file, { force: true });
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    const ours = lines.map((line) => JSON.parse(line) as Line).filter((line) => line.commit === commit);
    const dealt = ours.map((line) => line.dealt);
    return new Journal(file, commit, dealt, Math.max(0, ...ours.map(({ elapsedMs }) => elapsedMs)));
  }

  /** Of all sittings. */
  get elapsedMs(): number {
    return this.before + Date.now() - this.#startedAt;
  }

  /** Which of these cases have been dealt, and which are left. */
  split(cases: readonly Case[]): { readonly dealt: readonly Dealt[]; readonly left: readonly Case[] } {
    const dealt = new Map(this.dealt.map((each) => [keyOf(each), each]));
    return {
      dealt: cases.flatMap((each) => dealt.get(keyOf(each)) ?? []),
      left: cases.filter((each) => !dealt.has(keyOf(each))),
    };
  }

  add({ subject, blow, moment, seed, broken, downtimeMs, asFoundMs, tookMs, status }: Dealt): void {
    const dealt: Dealt = { subject, blow, moment, seed, broken, downtimeMs, asFoundMs, tookMs, status };
    const line: Line = { commit: this.commit, elapsedMs: this.elapsedMs, dealt };
    appendFileSync(this.file, `${JSON.stringify(line)}\n`);
  }
}

const keyOf = ({ blow, moment: { edge, name, nth } }: Case): string => [blow, edge, name, nth].join(' ');
