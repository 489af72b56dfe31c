import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workflowBundle } from '../support/site-worker';
import { type People } from './people';
import { quietScenario } from './scenario';
import { Simulation } from './simulation';

const directory = mkdtempSync(join(tmpdir(), 'people-'));
let simulation: Simulation;

beforeAll(async () => {
  const bundleFile = join(directory, 'bundle.js');
  writeFileSync(bundleFile, (await workflowBundle(require.resolve('./fixture/asking'))).code);
  simulation = await Simulation.of(bundleFile, 'production', { action: 'status' });
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true }));

test.each<[People, string]>([
  [{ say: 'approve', afterMs: 5_000 }, 'completed'],
  // Production may be down for a minute.
  [{ say: 'approve', afterMs: 70_000 }, 'failed'],
  [{ say: 'reject', afterMs: 60_000 }, 'failed'],
  [{ say: 'nothing', afterMs: 0 }, 'failed'],
  [{ say: 'approve', afterMs: 4_000_000 }, 'failed'],
])('when people say %j, the run ends %s', async (people, ending) => {
  const { violation, trace } = await simulation.trace({
    ...quietScenario('production', { action: 'status' }),
    people,
  });
  expect(violation).toBeNull();
  expect(trace.filter((line) => / production\/fake\/0 .*has ended/.test(line))).toEqual([
    expect.stringContaining(`has ended: ${ending}`),
  ]);
});

test('whatever people say and when, every invariant holds', async () => {
  for (let seed = 1; seed <= 25; seed++) expect([seed, await simulation.run(seed)]).toEqual([seed, null]);
}, 120_000);
