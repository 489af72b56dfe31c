import { type Row } from '../../bench/harness/bench';
import { resultOf, unjudged } from '../../bench/harness/result';
import { tableLines } from '../../bench/harness/table';

const rows: readonly Row[] = [
  {
    id: 'ours',
    what: 'ours: hosts',
    unit: 'hosts/s',
    goal: [
      { to: 'bare', atLeast: 0.8 },
      { to: 'old', atLeast: 20 },
    ],
  },
  { id: 'bare', what: 'bare ssh', unit: 'hosts/s' },
  { id: 'old', what: 'old way', unit: 'hosts/s' },
  { id: 'start', what: 'start', unit: 'ms', goal: { atMost: 1000 } },
];
const samples = new Map([
  ['ours', [90, 70]],
  ['bare', [100, 100]],
  ['old', [4, 4]],
  ['start', [900, 1300]],
]);
const measured = (given = samples, leftOut = new Map<string, string>()) => resultOf(rows, given, leftOut);

test('a goal says what was reached, of a ratio or of the median itself, and whether that is enough', () => {
  const [ours, bare, , start] = measured();
  expect(ours?.goals).toEqual([
    { to: 'bare', atLeast: 0.8, reached: 0.8, met: true },
    { to: 'old', atLeast: 20, reached: 20, met: true },
  ]);
  expect(bare?.goals).toEqual([]);
  expect(start?.goals).toEqual([{ atMost: 1000, reached: 1100, met: false }]);
});

test('a row that could not be measured says why, and neither reaches nor misses anything', () => {
  const without = new Map([...samples].filter(([id]) => id !== 'old'));
  const [ours, , old] = measured(without, new Map([['old', 'not installed']]));
  expect(old).toMatchObject({ summary: null, leftOut: 'not installed' });
  expect(ours?.goals[1]).toMatchObject({ reached: null, met: null });
});

test('the parts of a row are left out with it', () => {
  const part: Row = { id: 'old copy', what: '  copy', unit: 'ms', partOf: 'old' };
  const without = new Map([...samples].filter(([id]) => id !== 'old'));
  const ids = resultOf([...rows, part], without, new Map([['old', 'not installed']])).map(({ id }) => id);
  expect(ids).toEqual(['ours', 'bare', 'old', 'start']);
  expect(() => resultOf([...rows, part], samples, new Map())).toThrow('no figures of old copy');
});

test('a part that is nothing in every round is left out', () => {
  const part: Row = { id: 'old copy', what: '  copy', unit: 'ms', partOf: 'old' };
  const shown = (figures: number[]) =>
    resultOf([...rows, part], new Map([...samples, ['old copy', figures]]), new Map()).map(({ id }) => id);
  expect(shown([0, 0])).not.toContain('old copy');
  expect(shown([0, 1])).toContain('old copy');
});

test.each([
  ['a row without figures or a reason', new Map([...samples].slice(1)), 'no figures of ours'],
  ['figures of a row there is not', new Map([...samples, ['our', [1]]]), 'figures of our, of which there is no row'],
  ['a figure that is no number', new Map([...samples, ['bare', [1, NaN]]]), 'bare came to 1, NaN'],
])('%s is an error, not a table', (_, given, message) => {
  expect(() => measured(given)).toThrow(message);
});

test('the table shows every row, every goal, and what was missed', () => {
  const leftOut = new Map([['old', 'not installed']]);
  const without = new Map([...samples].filter(([id]) => id !== 'old'));
  const taken = { at: '', command: '', quick: false, commit: null, machine: '', versions: {} };
  expect(tableLines({ case: '200 hosts', taken, rows: measured(without, leftOut) })).toEqual([
    '200 hosts    median        minimum       spread  beside the others',
    'ours: hosts  80.0 hosts/s  70.0 hosts/s  25 %    0.80 × bare, at least 0.80: reached; no ratio to old, at least 20.0',
    'bare ssh     100 hosts/s   100 hosts/s   0 %',
    'old way      left out',
    'start        1.10 s        900 ms        36 %    at most 1.00 s: MISSED',
    'old is left out: not installed',
  ]);
});

test('figures that are too few say what was asked for, and judge nothing by it', () => {
  const taken = { at: '', command: '', quick: true, commit: null, machine: '', versions: {} };
  const lines = tableLines({ case: '200 hosts', taken, rows: unjudged(measured()) });
  expect(lines).toContainEqual(expect.stringMatching(/at most 1\.00 s$/));
});
