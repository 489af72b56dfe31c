import { type Fault } from './faults';
import { quietScenario, type Scenario } from './scenario';
import { shrink } from './shrink';

const at = (action: string) => ({ action, nth: 1, phase: 'started' as const });
const cut: Fault = { at: at('startServer'), kind: 'host is cut off', host: 'db1', forMs: 64_000 };
const lost: Fault = { at: at('stopDatabase'), kind: 'lose the answer' };
const refused: Fault = { at: at('mountVolume'), kind: 'fail', type: 'Unavailable', times: 8 };

const scenario: Scenario = {
  ...quietScenario('daily-backup', {}),
  found: {
    serverRuns: true,
    mounted: false,
    productionDown: true,
    databaseStopped: false,
    archives: [true, true, false],
  },
  faults: [cut, lost, refused],
};

test('what does not matter is taken out', async () => {
  const fails = async ({ faults }: Scenario) => faults.some(({ kind }) => kind === 'lose the answer');
  const short = await shrink(scenario, fails);
  expect(short.faults).toEqual([lost]);
  expect(short.found).toEqual({ ...scenario.found, serverRuns: false, productionDown: false, archives: [false] });
});

test('what matters together stays together, and is made smaller', async () => {
  const fails = async ({ faults }: Scenario) =>
    faults.some((fault) => fault.kind === 'host is cut off' && fault.forMs > 10_000) &&
    faults.some(({ kind }) => kind === 'fail');
  const short = await shrink(scenario, fails);
  expect(short.faults).toEqual([
    { ...cut, forMs: 16_000 },
    { ...refused, times: 1 },
  ]);
});

test('a scenario that cannot be made smaller is returned as it is', async () => {
  const fails = async (candidate: Scenario) => candidate === scenario;
  expect(await shrink(scenario, fails)).toBe(scenario);
});
