import fc from 'fast-check';
import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { planRotation } from '../../workflows/planners/rotation';

function backup(day: number, verified: boolean): BackupRecord {
  const createdAt = new Date(Date.UTC(2026, 0, day, 2)).toISOString();
  return {
    kind: 'archive',
    name: `lab-${createdAt.slice(0, 10)}`,
    site: 'lab',
    createdAt,
    bytes: 1,
    sha256: 'aa',
    engine: 'cockroach',
    strategy: 'cold',
    verified,
    verifiedAt: verified ? createdAt : null,
    rows: null,
    marker: null,
    run: 'r',
  };
}

const archives = fc.array(fc.boolean(), { maxLength: 12 }).chain((verified) =>
  fc.shuffledSubarray(
    verified.map((is, day) => backup(day + 1, is)),
    { minLength: verified.length },
  ),
);
const keep = fc.integer({ min: 1, max: 5 });

test('keeps the newest verified ones, with a reason for each', () => {
  const plan = planRotation([backup(1, true), backup(4, false), backup(3, true), backup(2, true)], 2);
  expect(plan).toEqual({
    keep: [
      { name: 'lab-2026-01-04', why: 'not verified, and newer than the newest 2 verified: look at it' },
      { name: 'lab-2026-01-03', why: 'verified, 1 of 2' },
      { name: 'lab-2026-01-02', why: 'verified, 2 of 2' },
    ],
    remove: [{ name: 'lab-2026-01-01', why: 'older than the newest 2 verified' }],
  });
});

test('never leaves fewer verified ones than asked for, if there were as many', () => {
  fc.assert(
    fc.property(archives, keep, (all, wanted) => {
      const kept = new Set(planRotation(all, wanted).keep.map(({ name }) => name));
      const verified = all.filter((each) => each.verified);
      const left = verified.filter(({ name }) => kept.has(name));
      expect(left.length).toBe(Math.min(wanted, verified.length));
    }),
  );
});

test('removes nothing newer than the oldest verified one it keeps', () => {
  fc.assert(
    fc.property(archives, keep, (all, wanted) => {
      const plan = planRotation(all, wanted);
      const oldestKept = plan.keep.map(({ name }) => name).sort()[0] ?? '';
      expect(plan.remove.every(({ name }) => name < oldestKept)).toBe(true);
    }),
  );
});

test('has nothing more to remove the second time, and does not mind the order', () => {
  fc.assert(
    fc.property(archives, keep, (all, wanted) => {
      const plan = planRotation(all, wanted);
      const kept = new Set(plan.keep.map(({ name }) => name));
      expect(
        planRotation(
          all.filter(({ name }) => kept.has(name)),
          wanted,
        ).remove,
      ).toEqual([]);
      expect(planRotation([...all].reverse(), wanted)).toEqual(plan);
      expect(plan.keep.length + plan.remove.length).toBe(all.length);
    }),
  );
});

test('does not count or remove what was moved aside', () => {
  const aside: BackupRecord = { ...backup(1, true), kind: 'aside' };
  expect(planRotation([aside, backup(2, true)], 1)).toMatchObject({ keep: [{ name: 'lab-2026-01-02' }], remove: [] });
});
