import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { nearest } from '../workflows/contract/nearest';
import { benches } from './benches';
import { type Bench, type Case } from './harness/bench';
import { commitOf, machineText } from './harness/machine';
import { measure, type Measured } from './harness/measure';
import { pageOf } from './harness/page';
import { type CaseResult, unjudged } from './harness/result';
import { Results } from './harness/results';
import { tableLines } from './harness/table';
import { take } from './harness/taker';

interface Options {
  readonly quick?: true;
  readonly case?: string;
  readonly resume?: true;
  readonly list?: true;
  readonly docs?: true;
  readonly json?: true;
  /** For the process of a case: measure it here, and send what it came to. */
  readonly here?: true;
}

/** `npm run bench`. @returns the exit code: 1 if a bench could not run; a goal that is missed only shows in the table */
export async function main(root: string, words: readonly string[]): Promise<number> {
  const program = new Command('npm run bench --')
    .description('Measure ours beside the others, in turns, on this machine')
    .argument('[names...]', 'which benches; all if none is named')
    .option(
      '--quick',
      'whether each runs: small, and side by side; no goal is judged by it; kept apart, in build/bench',
    )
    .option('--case <name>', 'only this one')
    .option('--resume', 'leave out what was measured at this commit')
    .option('--list', 'what there is')
    .option('--docs', 'only write docs/performance.md, from what was measured')
    .option('--json', 'one JSON document on stdout')
    .option('--here', 'measure one case in this process')
    .parse([...words], { from: 'user' });
  const options = program.opts<Options>();
  const chosen = program.args.length > 0 ? program.args.map(benchNamed) : benches;
  if (options.list) return list(chosen);
  if (options.docs) return writePage(root);
  if (options.here) return await here(chosen, options);
  return await all(root, chosen, options);
}

function benchNamed(name: string): Bench {
  const found = benches.find((bench) => bench.name === name);
  if (found) return found;
  const names = benches.map((bench) => bench.name);
  const meant = nearest(name, names);
  throw new Error(`no bench ${name}; ${meant ? `did you mean ${meant}?` : `there are: ${names.join(', ')}`}`);
}

function list(chosen: readonly Bench[]): number {
  for (const { name, shows, cases } of chosen) {
    console.log(`${name}: ${shows}`);
    for (const each of cases(false)) console.log(`  ${each.name}`);
  }
  return 0;
}

function writePage(root: string): number {
  const results = new Results(join(root, 'bench', 'results'));
  writeFileSync(
    join(root, 'docs', 'performance.md'),
    pageOf(benches, (bench) => results.of(bench)),
  );
  return 0;
}

interface Chosen {
  readonly bench: Bench;
  readonly each: Case;
}

const labelOf = (bench: Bench, each: Case) => `${bench.name}, ${each.name}`;

const casesOf = (bench: Bench, { quick, case: only }: Options): readonly Case[] =>
  bench.cases(quick === true).filter(({ name }) => only === undefined || name === only);

async function here(chosen: readonly Bench[], options: Options): Promise<number> {
  const [first] = chosen.flatMap((bench) => casesOf(bench, options).map((each) => ({ bench, each })));
  if (!first) throw new Error(`no case ${options.case}`);
  const prefix = options.quick ? `${labelOf(first.bench, first.each)}: ` : '  ';
  const ended = new AbortController();
  const end = (why: string) => () => ended.abort(new Error(why));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end(signal));
  process.once('disconnect', end('nobody waits for it any more'));
  const measured = await measure(first.each, (line) => console.error(`${prefix}${line}`), ended.signal).catch(
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
  await new Promise((sent) => process.send?.(measured, sent));
  process.exit(0); // whatever a contender has left open
}

async function all(root: string, chosen: readonly Bench[], options: Options): Promise<number> {
  const quick = options.quick === true;
  const results = new Results(quick ? join(root, 'build', 'bench') : join(root, 'bench', 'results'));
  const commit = commitOf(root);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
  const failed: string[] = [];
  for (const bench of chosen)
    if (casesOf(bench, options).length === 0) throw new Error(`no case ${options.case} of ${bench.name}`);
  const takeCase = async ({ bench, each }: Chosen) => {
    const label = labelOf(bench, each);
    const before = results.of(bench.name)?.cases.find(({ case: name }) => name === each.name);
    if (interrupted.signal.aborted || (options.resume && commit !== null && before?.taken.commit === commit)) return;
    console.error(label);
    const words = [bench.name, '--case', each.name, ...(quick ? ['--quick'] : [])];
    try {
      const measured = await take({
        root,
        words: [...words, '--here'],
        minutes: each.minutes,
        until: interrupted.signal,
      });
      const result = caseResult(each, measured, { command: commandOf(bench, quick), quick, commit });
      const order = bench.cases(quick).map(({ name }) => name);
      results.keep(bench.name, bench.shows, result, order);
      if (!options.json) console.log(`${tableLines(result).join('\n')}\n`);
    } catch (error) {
      failed.push(label);
      console.error(`${label}: CANNOT RUN: ${(error as Error).message}`);
    }
  };
  const waiting = chosen.flatMap((bench) => casesOf(bench, options).map((each) => ({ bench, each })));
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await takeCase(next);
  };
  // Whether each runs can be seen with others beside it; what it takes cannot. Most of them wait more than they work.
  if (quick) waiting.sort((one, other) => other.each.minutes - one.each.minutes);
  await Promise.all(Array.from({ length: quick ? availableParallelism() + 1 : 1 }, lane));
  const done = chosen.flatMap((bench) => results.of(bench.name) ?? []);
  if (options.json) console.log(JSON.stringify({ failed, results: done }, null, 2));
  if (!quick) writePage(root);
  if (failed.length > 0) console.error(`could not run: ${failed.join('; ')}`);
  return interrupted.signal.aborted ? 130 : failed.length > 0 ? 1 : 0;
}

const commandOf = ({ name }: Bench, quick: boolean) => `npm run bench -- ${name}${quick ? ' --quick' : ''}`;

function caseResult(
  { name }: Case,
  { rows, versions }: Measured,
  how: Pick<CaseResult['taken'], 'command' | 'quick' | 'commit'>,
): CaseResult {
  const own = { 'Node.js': process.version, ...versions };
  return {
    case: name,
    taken: { at: new Date().toISOString(), ...how, machine: machineText(), versions: own },
    rows: how.quick ? unjudged(rows) : rows,
  };
}
