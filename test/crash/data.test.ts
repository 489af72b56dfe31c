import { type DataEvidence, dataIsWhole, type Posts } from './data';

const asOf = 1_000;
const post = (id: string, at: number) => ({ id, at });
const rows = { users: 40, comments: 1600 };
const posts = (held: Posts['held'], acknowledged: readonly string[]): Posts => ({
  held,
  acknowledged,
  rows: { ...rows, posts: 400 + held.length },
});

/** Two posts are in the backup, two are not, and two were written in the course of the run: one before the downtime, one after. */
const saved = [post('a', 800), post('b', 900)];
const later = [post('c', 1_100), post('d', 1_200)];
const before = posts([...saved, ...later], ['a', 'b', 'c', 'd']);
const acknowledged = ['a', 'b', 'c', 'd', 'e', 'f'];
const early = post('e', 2_000);
const late = post('f', 3_000);

const restored: DataEvidence = {
  backup: { asOf, rows: { ...rows, posts: 402 } },
  before,
  after: posts([...saved, late], acknowledged),
  swapsBefore: { earlier: 'kept' },
  swaps: { earlier: 'kept', this: 'kept' },
  staged: false,
};
const old: DataEvidence = {
  ...restored,
  after: posts([...saved, ...later, early, late], acknowledged),
  swaps: { earlier: 'kept', this: 'returned' },
};

const broken = (seen: DataEvidence, completed = false) => [...dataIsWhole(seen, completed)].join('; ');

test('the old data, whole, and the backup, exactly, are right when the journal says so', () => {
  expect(broken(restored, true)).toBe('');
  expect(broken(old)).toBe('');
  expect(broken({ ...old, swaps: old.swapsBefore })).toBe('');
});

test.each([
  ['the old data serves and the journal says kept', { ...old, swaps: restored.swaps }, /with 2 rows of later, c /],
  ['the backup serves and the journal says returned', { ...restored, swaps: old.swaps }, /3 rows of it are gone, c /],
  [
    'one row of later is in the backup',
    { ...restored, after: posts([...saved, post('c', 1_100), late], acknowledged) },
    /with 1 rows of later/,
  ],
  [
    'one row of the backup is not there',
    { ...restored, after: posts([post('a', 800), late], acknowledged) },
    /without 1 rows of it, b .*posts has 401 rows of its 402/,
  ],
  [
    'another table lacks rows',
    { ...restored, after: { ...restored.after, rows: { ...rows, posts: 403, users: 39 } } },
    /users has 39 rows of its 40/,
  ],
  [
    'a write that the restored data acknowledged is gone',
    { ...restored, after: posts([...saved, early], acknowledged) },
    /1 writes acknowledged by the restored data are gone, f/,
  ],
  [
    'an old write is gone',
    { ...old, after: posts([...saved, ...later, late], acknowledged) },
    /1 rows of it are gone, e/,
  ],
  [
    'an old table lacks rows',
    { ...old, after: { ...old.after, rows: { ...rows, comments: 1 } } },
    /comments had 1600 rows and has 1/,
  ],
  ['a swap is left half-way', { ...old, swaps: { this: 'swapping-in' } }, /left half-way: this is swapping-in/],
  ['what was staged is left', { ...old, staged: true }, /staged/],
])('it is broken if %s', (_, seen, why) => {
  expect(broken(seen)).toMatch(why);
});

test('a run that is completed has moved data aside', () => {
  expect(broken(old, true)).toMatch(/no data was moved aside/);
});
