import { type Fault } from './faults';
import { type Scenario } from './scenario';

/**
 * The shortest scenario found that still fails: faults, runs and what was unusual about the site are taken out one by
 * one for as long as that changes nothing.
 *
 * @param fails whether a scenario violates the same invariant
 */
export async function shrink(scenario: Scenario, fails: (scenario: Scenario) => Promise<boolean>): Promise<Scenario> {
  let best = scenario;
  for (;;) {
    const smaller = await firstThatFails(shorter(best), fails);
    if (!smaller) return best;
    best = smaller;
  }
}

async function firstThatFails(
  candidates: Iterable<Scenario>,
  fails: (scenario: Scenario) => Promise<boolean>,
): Promise<Scenario | null> {
  for (const candidate of candidates) if (await fails(candidate)) return candidate;
  return null;
}

function* shorter(scenario: Scenario): Generator<Scenario> {
  const { found, runs, faults } = scenario;
  if (runs.length > 1) yield { ...scenario, runs: runs.slice(0, 1) };
  for (let index = 0; index < faults.length; index++) yield { ...scenario, faults: faults.toSpliced(index, 1) };
  for (const field of ['serverRuns', 'mounted', 'productionDown', 'databaseStopped'] as const)
    if (found[field]) yield { ...scenario, found: { ...found, [field]: false } };
  if (found.archives.length > 1) yield { ...scenario, found: { ...found, archives: found.archives.slice(1) } };
  for (const [index, fault] of faults.entries())
    for (const simpler of simplerFaults(fault)) yield { ...scenario, faults: faults.with(index, simpler) };
}

function* simplerFaults(fault: Fault): Generator<Fault> {
  if (fault.kind === 'fail' && fault.times > 1) yield { ...fault, times: 1 };
  if ('forMs' in fault && fault.forMs > 1000) yield { ...fault, forMs: Math.round(fault.forMs / 2) };
  if (fault.at.nth > 1) yield { ...fault, at: { ...fault.at, nth: 1 } };
}
