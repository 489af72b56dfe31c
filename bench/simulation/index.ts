import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { companionActivities, Simulation } from '../../test/sim/simulation';
import { Sandbox } from '../../test/sim/temporal/sandbox';
import { simulate } from '../../test/sim/world';
import { actions } from '../../workflows/contract/actions';
import { projectRoot } from '../../workers/project';
import { type Bench, type Row, type Workshop } from '../harness/bench';
import { bundleOf } from '../support/bundle';
import { accounted, empty, idle, type Work } from './sandboxes';

const runbook = 'daily-backup';

const rows: readonly Row[] = [
  {
    id: 'ours',
    what: 'simulation, invariants on',
    unit: 'activations/s',
    goal: [{ to: 'floor', atLeast: 0.5 }, { to: 'idle' }],
  },
  {
    id: 'sandbox',
    what: 'sandbox: the time in it alone',
    unit: 'activations/s',
    goal: [{ to: 'floor' }, { to: 'idle' }],
  },
  { id: 'floor', what: 'floor: an empty workflow in the sandbox, again and again', unit: 'activations/s' },
  { id: 'idle', what: 'idle: workflows that only wait for the next activation', unit: 'activations/s' },
  { id: 'seeds', what: 'seeds, one process', unit: 'seeds/min' },
  { id: 'command', what: 'seeds, `npm run sim`, its start included', unit: 'seeds/min' },
];

async function prepare(workshop: Workshop, seeds: number, commandSeeds: number) {
  const names = [...Object.keys(actions), ...companionActivities];
  const bare = await Sandbox.load(await bundleOf(workshop, require.resolve('./workflows')), []);
  const bundleFile = join(projectRoot, 'build', 'workflow-bundle.js');
  const real = await Sandbox.load(bundleFile, names);
  const seedsOf = await Simulation.of(bundleFile, runbook, null);
  let next = 1;
  let last: Work = { created: 0, activations: 0, ms: 0 };
  const timed = async (work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    return (performance.now() - startedAt) / 1000;
  };
  return [
    {
      turn: async () => {
        const { sandbox, work } = accounted(real);
        const seconds = await timed(async () => {
          for (const end = next + seeds; next < end; next++) {
            const { violation } = await simulate(sandbox, seedsOf.scenarioOf(next), 'nothing');
            if (violation) throw new Error(`seed ${next}: broken: ${violation.invariant}: ${violation.message}`);
          }
        });
        last = work;
        const { activations, ms } = work;
        return {
          ours: activations / seconds,
          sandbox: (activations * 1000) / ms,
          seeds: (seeds * 60) / seconds,
        };
      },
    },
    { turn: async () => ({ floor: last.activations / (await timed(() => empty(bare, last))) }) },
    { turn: async () => ({ idle: last.activations / (await timed(() => idle(bare, last))) }) },
    {
      turn: async () => {
        const words = ['--runbook', runbook, '--seeds', String(commandSeeds), '--json'];
        const command = [join(projectRoot, 'bin', 'sim.js'), ...words];
        return { command: (commandSeeds * 60) / (await timed(() => promisify(execFile)(process.execPath, command))) };
      },
    },
  ];
}

/** How many seeds of the simulation a minute sees. */
export const simulation: Bench = {
  name: 'simulation',
  shows:
    'How fast the daily backup is simulated, faults drawn and invariants looked at after every command, beside the floor of the sandbox: empty workflows, each of which is ' +
    'created, activated once and disposed of. Beside that, workflows that do nothing but wait for the next activation, as many and with as many activations as the daily backup.',
  limits:
    'An activation that does nothing is a call into the sandbox and a timer. One of a runbook takes in an answer, parses it, writes the checklist and asks for the next ' +
    'step: the row *sandbox* is that alone, and what is between it and the first row are the server with its virtual time, the model of the site, and the invariants. ' +
    'Activations that replay a run for a worker that has died count, too.',
  cases: (quick) => [
    {
      name: `${runbook}, seeds in turns of ${quick ? 10 : 100}`,
      rounds: quick ? 1 : 5,
      minutes: 15,
      rows,
      prepare: (workshop) => prepare(workshop, quick ? 10 : 100, quick ? 20 : 600),
    },
  ],
};
