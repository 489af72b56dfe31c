import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benches } from '../../bench/benches';
import { type Bench } from '../../bench/harness/bench';
import { pageOf } from '../../bench/harness/page';
import { type CaseResult } from '../../bench/harness/result';
import { Results } from '../../bench/harness/results';

const root = join(__dirname, '..', '..');

const bench: Bench = { name: 'step', shows: 'What a step costs.', limits: 'The server.', cases: () => [] };

function taken(name: string, median = 10): CaseResult {
  const how = { command: 'npm run bench -- step', quick: false, commit: 'abc', machine: '2 × processor' };
  return {
    case: name,
    taken: { at: '2026-11-21T20:00:00.000Z', ...how, versions: { 'Node.js': 'v20' } },
    rows: [
      {
        id: 'ours',
        what: 'ours',
        unit: 'ms',
        samples: [median],
        summary: { min: median, median, spread: 0 },
        leftOut: null,
        goals: [],
      },
    ],
  };
}

test('docs/performance.md is what the committed results say', () => {
  const results = new Results(join(root, 'bench', 'results'));
  const page = readFileSync(join(root, 'docs', 'performance.md'), 'utf8');
  // `npm run bench -- --docs` writes it anew.
  expect(page).toBe(pageOf(benches, (name) => results.of(name)));
});

test('a bench on the page: what it shows, the table as printed, command, date, machine, versions, what limits it', () => {
  const page = pageOf([bench], () => ({ bench: 'step', shows: '', cases: [taken('small'), taken('large')] }));
  expect(page.slice(page.indexOf('## Step'))).toBe(`## Step

What a step costs.

\`\`\`
small  median   minimum  spread  beside the others
ours   10.0 ms  10.0 ms  0 %

large  median   minimum  spread  beside the others
ours   10.0 ms  10.0 ms  0 %
\`\`\`

\`npm run bench -- step\`, 2026-11-21, on 2 × processor; Node.js v20.

The server.
`);
});

test('a bench that was never measured says how', () => {
  expect(pageOf([bench], () => null)).toContain('Not measured yet: `npm run bench -- step`.');
});

test('a result takes the place of the older one of its case; cases that there are no more go', () => {
  const directory = mkdtempSync(join(tmpdir(), 'results-'));
  try {
    const results = new Results(directory);
    expect(results.of('step')).toBeNull();
    results.keep('step', '', taken('large'), ['large', 'gone']);
    results.keep('step', '', taken('gone'), ['large', 'gone']);
    results.keep('step', '', taken('small'), ['small', 'large']);
    results.keep('step', '', taken('large', 20), ['small', 'large']);
    expect(results.of('step')?.cases.map(({ case: name, rows }) => [name, rows[0]?.samples])).toEqual([
      ['small', [10]],
      ['large', [20]],
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
