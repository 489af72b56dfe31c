import { type Bench } from './bench';
import { type BenchResult, type CaseResult } from './result';
import { tableLines } from './table';

/** `docs/performance.md`, from what was measured. */
export function pageOf(benches: readonly Bench[], resultOf: (bench: string) => BenchResult | null): string {
  return `# Performance

\`\`\`
npm run bench                  # everything; writes this page
npm run bench -- step          # one
npm run bench -- --quick       # does each run? Small, side by side, judged by no goal
npm run bench -- --list
\`\`\`

Every figure stands beside something that was run in its turn, on the same machine: ours, theirs, ours, theirs. A ratio is the median of the ratios of the
rounds. *Spread* is from the lowest to the highest, as a share of the median. This page is written by the command.

${benches.map((bench) => sectionOf(bench, resultOf(bench.name))).join('\n')}`;
}

function sectionOf({ name, shows, limits }: Bench, result: BenchResult | null): string {
  const cases = result?.cases ?? [];
  const measured =
    cases.length > 0
      ? `\`\`\`\n${cases.map((each) => tableLines(each).join('\n')).join('\n\n')}\n\`\`\`\n\n${takenText(cases)}`
      : `Not measured yet: \`npm run bench -- ${name}\`.`;
  return `## ${name[0]?.toUpperCase()}${name.slice(1)}\n\n${shows}\n\n${measured}\n\n${limits}\n`;
}

/** Command, time, machine and versions; said once where they are the same. */
function takenText(cases: readonly CaseResult[]): string {
  const each = cases.map(({ taken: { command, at, machine, versions, quick } }) => {
    const parts = Object.entries(versions).map(([of, is]) => `${of} ${is}`);
    return `\`${command}\`, ${at.slice(0, 10)}${quick ? ' (quick: small and few)' : ''}, on ${[machine, ...parts].join('; ')}.`;
  });
  return [...new Set(each)].join('\n');
}
