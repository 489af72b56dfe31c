import { amountText, threeDigits } from '../../bench/harness/amounts';
import { medianOf, ratioOf, summaryOf } from '../../bench/harness/statistics';

test('minimum, median and spread are those of the samples, in whatever order they came', () => {
  expect(summaryOf([30, 10, 20])).toEqual({ min: 10, median: 20, spread: 1 });
  expect(medianOf([4, 1, 3, 2])).toBe(2.5);
  expect(summaryOf([0, 0])).toEqual({ min: 0, median: 0, spread: 0 });
});

test('a ratio is taken round by round, so that a slow hour does not count as a slow contender', () => {
  expect(ratioOf([10, 100, 11], [5, 50, 10])).toBe(2);
  // What was measured in a round alone has nothing to stand beside.
  expect(ratioOf([10, 20, 99], [5, 10])).toBe(2);
});

test.each([
  [0.5, 'ms', '0.50 ms'],
  [12.34, 'ms', '12.3 ms'],
  [1234, 'ms', '1.23 s'],
  [600_000, 'ms', '10.0 min'],
  [1_200_000_000, 'bytes', '1.2 GB'],
  [345.6, 'MB/s', '346 MB/s'],
  [12_345, 'activations/s', '12,345 activations/s'],
] as const)('%d %s is shown as %s', (value, unit, text) => expect(amountText(value, unit)).toBe(text));

test('a ratio has three digits', () =>
  expect([0.0456, 1.126, 31.96].map(threeDigits)).toEqual(['0.05', '1.13', '32.0']));
