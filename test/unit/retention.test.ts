import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { planRetention, type RetentionPolicy } from '../../workflows/planners/retention';

const dayMs = 86_400_000;
const first = Date.UTC(2026, 8, 20, 2);

type State = 'verified' | 'unverified' | 'distrusted';

function backup(day: number, state: State = 'verified', from = first): BackupRecord {
  const createdAt = new Date(from + (day - 1) * dayMs).toISOString();
  const verified = state === 'verified';
  return {
    ...{ kind: 'archive', name: createdAt.slice(0, 10), site: 'lab', createdAt, bytes: 1, sha256: 'aa' },
    ...{ engine: 'cockroach', strategy: 'cold', verified, verifiedAt: verified ? createdAt : null },
    ...{ rows: null, marker: null, run: 'r' },
    ...(state === 'distrusted' && { problem: 'the drill failed' }),
  };
}

const nights = (count: number) => Array.from({ length: count }, (_, index) => backup(index + 1));

/** Newest first: what becomes of each, and why. */
function text(archives: readonly BackupRecord[], policy: RetentionPolicy): string[] {
  const { keep, remove } = planRetention(archives, policy);
  return [
    ...keep.map(({ name, why }) => `+ ${name} ${why}`),
    ...remove.map(({ name, why }) => `- ${name} ${why}`),
  ].sort((a, b) => (a.slice(2) < b.slice(2) ? 1 : -1));
}

test('the last of them', () => {
  expect(text([backup(1), backup(4, 'unverified'), backup(3), backup(2)], { keep: 2 })).toEqual([
    '+ 2026-09-23 not verified, and newer than the last 2 verified: look at it',
    '+ 2026-09-22 verified: last 1 of 2',
    '+ 2026-09-21 verified: last 2 of 2',
    '- 2026-09-20 older than the last 2 verified',
  ]);
});

test('one a day, when there were several', () => {
  const evening = { ...backup(3), name: '2026-09-22-evening', createdAt: '2026-09-22T20:00:00Z' };
  expect(text([backup(1), backup(2), backup(3), evening], { keep: 1, daily: 2 })).toEqual([
    '+ 2026-09-22-evening verified: last 1 of 1, day 2026-09-22 (1 of 2)',
    '- 2026-09-22 older than the last 1 verified, and no daily one',
    '+ 2026-09-21 verified: day 2026-09-21 (2 of 2)',
    '- 2026-09-20 older than the last 1 verified, and no daily one',
  ]);
});

test('one a week, its last', () => {
  expect(text(nights(17), { keep: 1, weekly: 3 }).filter((line) => line.startsWith('+'))).toEqual([
    '+ 2026-10-06 verified: last 1 of 1, week 2026-W41 (1 of 3)',
    '+ 2026-10-04 verified: week 2026-W40 (2 of 3)',
    '+ 2026-09-27 verified: week 2026-W39 (3 of 3)',
  ]);
});

test('one a month and one a year, the last of each that has one', () => {
  const archives = [...nights(20), ...nights(4).map((_, index) => backup(index * 400 - 1300))];
  expect(text(archives, { keep: 2, monthly: 2, yearly: 4 }).filter((line) => line.startsWith('+'))).toEqual([
    '+ 2026-10-09 verified: last 1 of 2, month 2026-10 (1 of 2), year 2026 (1 of 4)',
    '+ 2026-10-08 verified: last 2 of 2',
    '+ 2026-09-30 verified: month 2026-09 (2 of 2)',
    '+ 2025-05-07 verified: year 2025 (2 of 4)',
    '+ 2024-04-02 verified: year 2024 (3 of 4)',
    '+ 2023-02-27 verified: year 2023 (4 of 4)',
  ]);
});

test('a week belongs to the year of its Thursday', () => {
  const around = [backup(1, 'verified', Date.UTC(2027, 0, 3, 2)), backup(1, 'verified', Date.UTC(2027, 0, 4, 2))];
  expect(text(around, { keep: 1, weekly: 2 })).toEqual([
    '+ 2027-01-04 verified: last 1 of 1, week 2027-W01 (1 of 2)',
    '+ 2027-01-03 verified: week 2026-W53 (2 of 2)',
  ]);
});

test('one that a drill has failed on stays, and an older one takes its place', () => {
  const archives = [backup(1), backup(2), backup(3), backup(4, 'distrusted'), backup(5, 'unverified'), backup(6)];
  expect(text(archives, { keep: 1, daily: 3 })).toEqual([
    '+ 2026-09-25 verified: last 1 of 1, day 2026-09-25 (1 of 3)',
    '- 2026-09-24 not verified, and older than the last 1 verified',
    '+ 2026-09-23 not trusted, else day 2026-09-23 (2 of 3): look at it',
    '+ 2026-09-22 verified: day 2026-09-22 (2 of 3)',
    '+ 2026-09-21 verified: day 2026-09-21 (3 of 3)',
    '- 2026-09-20 older than the last 1 verified, and no daily one',
  ]);
});

test('does not count or remove what was moved aside', () => {
  const aside: BackupRecord = { ...backup(1), kind: 'aside' };
  expect(planRetention([aside, backup(2)], { keep: 1 })).toMatchObject({ keep: [{ name: '2026-09-21' }], remove: [] });
});

describe('whatever there is, and whatever the policy', () => {
  const states = fc.constantFrom<State>('verified', 'verified', 'verified', 'unverified', 'distrusted');
  const archives = fc
    .uniqueArray(fc.integer({ min: 1, max: 900 }), { maxLength: 40 })
    .chain((days) => fc.tuple(...days.map((day) => states.map((state) => backup(day, state)))));
  const most = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
  const policies = fc.record({
    ...{ keep: fc.integer({ min: 1, max: 5 }), daily: most, weekly: most, monthly: most, yearly: most },
  });
  const keptOf = (all: readonly BackupRecord[], policy: RetentionPolicy) => {
    const kept = new Set(planRetention(all, policy).keep.map(({ name }) => name));
    return all.filter(({ name }) => kept.has(name));
  };
  const verified = (all: readonly BackupRecord[]) => all.filter((each) => each.verified);

  test('each is kept or removed, with a reason', () => {
    fc.assert(
      fc.property(archives, policies, (all, policy) => {
        const { keep, remove } = planRetention(all, policy);
        expect([...keep, ...remove].map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
        expect([...keep, ...remove].every(({ why }) => why.length > 0)).toBe(true);
      }),
    );
  });

  test('the newest verified ones stay, as many as asked for: the only one is never removed', () => {
    fc.assert(
      fc.property(archives, policies, (all, policy) => {
        const newest = verified(all)
          .map(({ name }) => name)
          .sort()
          .slice(-policy.keep);
        const kept = verified(keptOf(all, policy)).map(({ name }) => name);
        expect(kept).toEqual(expect.arrayContaining(newest));
      }),
    );
  });

  test('what is not verified pushes out nothing that is', () => {
    fc.assert(
      fc.property(archives, policies, (all, policy) => {
        expect(verified(keptOf(all, policy))).toEqual(keptOf(verified(all), policy));
      }),
    );
  });

  test('nothing more is removed the second time, and the order does not matter', () => {
    fc.assert(
      fc.property(archives, policies, (all, policy) => {
        const plan = planRetention(all, policy);
        expect(planRetention(keptOf(all, policy), policy)).toEqual({ ...plan, remove: [] });
        expect(planRetention([...all].reverse(), policy)).toEqual(plan);
      }),
    );
  });

  test('removing every night leaves what removing once in the end would', () => {
    const verifiedOnly = fc.uniqueArray(fc.integer({ min: 1, max: 900 }), { maxLength: 60 });
    fc.assert(
      fc.property(verifiedOnly, policies, (days, policy) => {
        const all = days.sort((a, b) => a - b).map((day) => backup(day));
        let nightly: BackupRecord[] = [];
        for (const archive of all) nightly = keptOf([...nightly, archive], policy);
        expect(nightly).toEqual(keptOf(all, policy));
      }),
    );
  });
});

describe('ten years of daily backups leave what docs/backups.md says', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'backups.md'), 'utf8');
  // | `keep: 3, daily: 7` | 9 | ... |
  const rows = [...page.matchAll(/^\| `(keep: [^`]+)` *\| (\d+) *\|/gm)].map(
    ([, policy = '', count]) => [policy, Number(count)] as const,
  );

  test('it says so for policies of every kind', () => {
    for (const word of ['daily', 'weekly', 'monthly', 'yearly'])
      expect(rows.some(([policy]) => policy.includes(word))).toBe(true);
  });

  test.each(rows)('%s: %i', (words, count) => {
    const policy = Object.fromEntries(
      words.split(', ').map((word) => [word.split(': ')[0], Number(word.split(': ')[1])]),
    ) as unknown as RetentionPolicy;
    const from = Date.UTC(2016, 0, 1, 2);
    let lying: BackupRecord[] = [];
    for (let day = 1; from + (day - 1) * dayMs < Date.UTC(2026, 0, 1); day += 1) {
      const plan = planRetention([...lying, backup(day, 'verified', from)], policy);
      const gone = new Set(plan.remove.map(({ name }) => name));
      lying = [...lying, backup(day, 'verified', from)].filter(({ name }) => !gone.has(name));
    }
    expect(lying).toHaveLength(count);
  });
});
