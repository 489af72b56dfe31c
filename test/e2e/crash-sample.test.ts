import { Bench } from '../crash/bench';
import { type Outcome } from '../crash/case';
import { momentText } from '../crash/moments';
import { casesOf } from '../crash/plan';
import { type SubjectName } from '../crash/subjects';
import { sweep } from '../crash/sweep';
import { sweepTest } from '../support/sweep';

// Always the same here: a failure is the change's. The sweep looks elsewhere.
const seed = Number(process.env.CRASH_SEED ?? 7);
const cases = 2;

afterAll(() => Bench.closeAll(), 60_000);

async function expectAllHolds(subject: SubjectName): Promise<void> {
  const outcomes: Outcome[] = [];
  await sweep({
    subject,
    labs: 1,
    backupsBefore: 1,
    plan: (moments) => casesOf(moments, { subject, seed, sample: cases, blows: ['worker-both', 'terminate'] }),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  expect(outcomes).toHaveLength(cases);
  const broken = outcomes.map(({ blow, moment, ...outcome }) => ({
    blow,
    at: momentText(moment),
    broken: outcome.broken,
  }));
  expect(broken).toEqual(broken.map((each) => ({ ...each, broken: [] })));
}

test(`whatever dies, and whenever: the site is as it was found (CRASH_SEED=${seed})`, async () => {
  await expectAllHolds('daily-backup');
}, 420_000);

sweepTest(
  `whatever dies in a restore: the old or the restored data serves, whole (CRASH_SEED=${seed})`,
  async () => {
    await expectAllHolds('restore');
  },
  420_000,
);
