import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { nearest } from '../../workflows/contract/nearest';
import { type RunbookName, runbooks } from '../../workflows/contract/runbooks';
import { pin, readPinned } from './pinned';
import { sweep } from './pool';
import { type Setup } from './process';
import { type Finding, findingText, Simulation } from './simulation';

interface Options {
  readonly runbook: RunbookName;
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly trace?: true;
  readonly pin?: string;
  readonly pinned?: true | string;
  readonly input?: object;
  readonly untilFailure?: true;
  readonly processes: number;
  readonly json?: true;
}

/** `npm run sim`: runs a runbook against a simulated site with drawn faults, and looks for a broken invariant. */
export async function main(root: string, words: readonly string[]): Promise<number> {
  const program = new Command('npm run sim --')
    .description('Simulate a runbook with faults drawn from seeds, checking the invariants after every command')
    .option('--runbook <name>', 'which', runbookName, 'daily-backup')
    .option('--seeds <count>', 'how many', whole, 1000)
    .option('--from <seed>', 'the first one', whole, 1)
    .option('--seed <seed>', 'only this one', whole)
    .option('--trace', 'print everything that happened, of --seed')
    .option(
      '--pin <sentence>',
      'keep the shortest scenario of a failing --seed in test/sim/pinned, with what was wrong',
    )
    .option('--pinned [name]', 'only what is kept in test/sim/pinned: none of it may fail again')
    .option('--input <json>', 'input of the runs; default: drawn for fields that have no default', json)
    .option('--until-failure', 'end with the first failure')
    .option('--processes <count>', 'side by side', whole, 2)
    .option('--json', 'one JSON document on stdout: { seeds, failure }')
    .parse([...words], { from: 'user' });
  const options = program.opts<Options>();
  const bundleFile = join(root, 'build', 'workflow-bundle.js');
  const setup: Setup = { bundleFile, runbook: options.runbook, input: options.input ?? null };
  if (options.pinned !== undefined) return await kept(root, bundleFile, options);
  return options.seed === undefined ? await many(setup, options) : await one(root, setup, options, options.seed);
}

async function one(root: string, setup: Setup, { trace, pin: sentence, json }: Options, seed: number): Promise<number> {
  const simulation = await Simulation.of(setup.bundleFile, setup.runbook, setup.input);
  const finding = await simulation.run(seed);
  if (trace)
    for (const line of (await simulation.trace(finding?.scenario ?? simulation.scenarioOf(seed))).trace)
      console.log(line);
  if (json) console.log(JSON.stringify({ seeds: 1, failure: finding && failureOf(finding) }));
  else for (const line of finding ? findingText(finding) : [`seed ${seed}: no invariant broken`]) console.log(line);
  if (finding && sentence) console.error(`pinned: ${pin(root, setup.runbook, sentence, finding)}`);
  return finding ? 1 : 0;
}

/** Each pinned scenario once more. */
async function kept(root: string, bundleFile: string, { pinned, trace, json }: Options): Promise<number> {
  const all = readPinned(root, pinned === true ? '' : pinned);
  const failed: object[] = [];
  for (const { name, sentence, runbook, scenario } of all) {
    const simulation = await Simulation.of(bundleFile, runbook, null);
    const { violation, trace: lines } = await simulation.trace(scenario);
    if (trace) for (const line of lines) console.log(line);
    if (violation) failed.push({ name, ...violation });
    if (!json)
      console.log(`${violation ? 'BROKEN' : 'ok    '} ${sentence}${violation ? `: ${violation.message}` : ''}`);
  }
  if (json) console.log(JSON.stringify({ pinned: all.length, failed }));
  return failed.length > 0 || all.length === 0 ? 1 : 0;
}

async function many(setup: Setup, options: Options): Promise<number> {
  const { from, seeds: count, processes, json } = options;
  const startedAt = Date.now();
  let shownAt = 0;
  const rate = (seeds: number) => `${((seeds * 1000) / Math.max(1, Date.now() - startedAt)).toFixed(1)} seeds/s`;
  const { seeds, findings } = await sweep(
    setup,
    { from, count, processes },
    (done) => {
      if (Date.now() - shownAt < 2000) return;
      shownAt = Date.now();
      console.error(`${done.seeds} of ${count} seeds, ${rate(done.seeds)}, ${done.findings.length} failed`);
    },
    (done) => options.untilFailure === true && done.findings.length > 0,
  );
  const [first] = findings;
  if (json) console.log(JSON.stringify({ seeds, failure: first ? failureOf(first) : null }));
  else {
    for (const finding of findings) {
      for (const line of findingText(finding)) console.log(line);
      console.log(`  see it: npm run sim -- --runbook ${setup.runbook} --seed ${finding.seed} --trace\n`);
    }
    console.log(`${seeds} seeds of ${setup.runbook}, ${rate(seeds)}: ${findings.length} failed`);
  }
  return first ? 1 : 0;
}

const failureOf = ({ seed, invariant, message, scenario }: Finding) => ({ seed, invariant, message, scenario });

function runbookName(text: string): string {
  if (text in runbooks) return text;
  const meant = nearest(text, Object.keys(runbooks));
  throw new InvalidArgumentError(meant ? `did you mean ${meant}?` : `there are: ${Object.keys(runbooks).join(', ')}`);
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number');
  return Number(text);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`JSON: ${(error as Error).message}`);
  }
}
