import fc from 'fast-check';
import { Clock } from './clock';
import { Random } from './random';

test('what is due first happens first, and at the same moment in the order it was asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20)), async (times) => {
      const clock = new Clock(0);
      const happened: { atMs: number; index: number }[] = [];
      for (const [index, atMs] of times.entries())
        clock.at(atMs, () => void happened.push({ atMs: clock.nowMs, index }));
      expect(await clock.run(1000, () => false)).toBe(true);
      const expected = times.map((atMs, index) => ({ atMs, index }));
      expect(happened).toEqual(expected.sort((a, b) => a.atMs - b.atMs || a.index - b.index));
    }),
  );
});

test('what was taken back does not happen, and nothing happens beyond the limit', async () => {
  const clock = new Clock(0);
  const happened: string[] = [];
  clock.after(1, () => void happened.push('taken back'))();
  clock.after(2, () => void happened.push('in time'));
  clock.after(20, () => void happened.push('too late'));
  expect(await clock.run(10, () => false)).toBe(false);
  expect(happened).toEqual(['in time']);
});

test('a number depends on its words and the seed, not on what was drawn before', () => {
  const [once, again, other] = [new Random(7), new Random(7), new Random(8)];
  again.share('something else');
  expect(once.share('a', 1)).toBe(again.share('a', 1));
  expect(once.share('a', 1)).not.toBe(other.share('a', 1));
  const many = Array.from({ length: 2000 }, (_, index) => once.integer(1, 4, 'spread', index));
  for (const value of [1, 2, 3, 4]) expect(many.filter((drawn) => drawn === value).length).toBeGreaterThan(400);
});
