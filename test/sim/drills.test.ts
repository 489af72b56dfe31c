import { actions } from '../../workflows/contract/actions';
import { builtWorkflows } from '../support/built-workflows';
import { sweeping } from '../support/sweep';
import { companionActivities } from './simulation';
import { Sandbox } from './temporal/sandbox';
import { Weeks } from './weeks';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await Sandbox.load(await builtWorkflows(), [...Object.keys(actions), ...companionActivities]);
}, 60_000);

const count = sweeping ? 4 : 2;
const nights = Array.from({ length: 7 * count }, (_, day) => day + 0.1);

test(`${count} weeks of nightly backups and weekly drills: each drill takes another backup, and its RTO and RPO are kept`, async () => {
  const weeks = new Weeks(sandbox, 1);
  weeks.runOn(nights, 'dailyBackup', { keep: 28 });
  weeks.runOn([6.5, 13.5, 20.5, 27.5].slice(0, count), 'restoreDrill', { backup: 'sample' });
  await weeks.until(7 * count);
  const drills = (await weeks.entries()).flatMap((entry) => entry.drills);
  expect(drills).toHaveLength(count);
  expect(new Set(drills.map(({ backup }) => backup)).size).toBe(count);
  for (const { ok, rtoMs, rpoMs } of drills) {
    expect(ok).toBe(true);
    expect(rtoMs).toBeGreaterThan(0);
    // The newest that was never drilled is that of the night before.
    expect(Math.round(rpoMs / 3_600_000)).toBe(10);
  }
  expect(weeks.told.filter((line) => line.includes('alarm'))).toEqual([]);
}, 60_000);
