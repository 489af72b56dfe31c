import { Bench } from '../crash/bench';
import { type Outcome } from '../crash/case';
import { momentText } from '../crash/moments';
import { casesOf } from '../crash/plan';
import { sweep } from '../crash/sweep';

// Always the same here: a failure is the change's. The sweep looks elsewhere.
const seed = Number(process.env.CRASH_SEED ?? 7);
const cases = 2;

afterAll(() => Bench.closeAll(), 60_000);

test(`whatever dies, and whenever: the site is as it was found (CRASH_SEED=${seed})`, async () => {
  const outcomes: Outcome[] = [];
  await sweep({
    labs: 1,
    backupsBefore: 1,
    plan: (moments) => casesOf(moments, { seed, sample: cases, blows: ['worker-both', 'terminate'] }),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  expect(outcomes).toHaveLength(cases);
  const broken = outcomes.map(({ blow, moment, ...outcome }) => ({
    blow,
    at: momentText(moment),
    broken: outcome.broken,
  }));
  expect(broken).toEqual(broken.map((each) => ({ ...each, broken: [] })));
}, 420_000);
