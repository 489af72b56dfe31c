import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, type Dealt } from './case';
import { Journal } from './journal';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'journal-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const caseOf = (nth: number): Case => ({
  subject: 'daily-backup',
  blow: 'terminate',
  moment: { id: 40 + nth, edge: 'runs', name: 'notify', nth, atMs: 0, tookMs: 0 },
  seed: 7,
});
const dealtOf = (nth: number, broken: readonly string[] = []): Dealt => ({
  ...caseOf(nth),
  ...{ broken, downtimeMs: 0, asFoundMs: 0, tookMs: 1000, status: 'terminated' },
});
const open = (resume: boolean, commit: string | null = 'abc') =>
  Journal.open(directory, 'daily-backup', 7, commit, resume);
const cases = [1, 2, 3].map(caseOf);
const nths = (some: readonly Case[]) => some.map(({ moment }) => moment.nth);

test('a sweep goes on behind what was dealt, with what came of it', () => {
  const first = open(false);
  first.add(dealtOf(2, ['a write is lost']));
  first.add(dealtOf(3));
  const { dealt, left } = open(true).split(cases.map((each) => ({ ...each, moment: { ...each.moment, id: 1 } })));
  expect(nths(left)).toEqual([1]);
  expect(dealt.map(({ broken }) => broken)).toEqual([['a write is lost'], []]);
});

test.each([
  ['of another commit', () => open(true, 'def')],
  ['when it begins anew', () => open(false)],
])('nothing is taken from what was dealt %s', (_when, again) => {
  open(false).add(dealtOf(1));
  expect(nths(again().split(cases).left)).toEqual([1, 2, 3]);
});
