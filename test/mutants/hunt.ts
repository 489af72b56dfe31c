import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Mutant } from './mutant';

/** What a layer is asked to run. */
export type Hunt =
  | { readonly layer: 'activities'; readonly tests: readonly string[]; readonly only: string }
  | { readonly layer: 'simulation'; readonly runbook: string; readonly seeds: number };

/** What a layer says of the sources it was run on. A layer that could not be run has found nothing. */
export type Verdict =
  | { readonly is: 'found'; readonly by: string; readonly seeds?: number }
  | { readonly is: 'survived'; readonly seeds?: number }
  | { readonly is: 'not run'; readonly why: string };

/** Far more than any layer takes, also on a busy machine; what hangs is ended. */
const withinMs = 30 * 60_000;

/** Runs a layer of tests of `project` on a copy of its sources. */
export async function hunt(project: string, root: string, what: Hunt): Promise<Verdict> {
  return what.layer === 'activities' ? await runTests(root, what) : await simulate(project, root, what);
}

/** What the unbroken sources have to pass for the finds to mean anything: all that the mutants needed to be found. */
export function controlsFor(mutants: readonly { mutant: Mutant; verdict: Verdict }[]): Hunt[] {
  const found = mutants.filter(({ verdict }) => verdict.is === 'found');
  const tests = found.flatMap(({ mutant }) => (mutant.layer === 'activities' ? [mutant] : []));
  const seeds = new Map<string, number>();
  for (const { mutant, verdict } of found)
    if (mutant.layer === 'simulation' && verdict.is === 'found')
      seeds.set(mutant.runbook, Math.max(seeds.get(mutant.runbook) ?? 0, verdict.seeds ?? 0));
  const unique = (words: readonly string[]) => [...new Set(words)];
  const files = unique(tests.flatMap((mutant) => mutant.tests));
  const only = unique(tests.map((mutant) => `(?:${mutant.only})`)).join('|');
  return [
    ...(files.length > 0 ? [{ layer: 'activities', tests: files, only } as const] : []),
    ...[...seeds].map(([runbook, seeds]) => ({ layer: 'simulation', runbook, seeds }) as const),
  ];
}

const jestReport = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

async function runTests(root: string, { tests, only }: Extract<Hunt, { layer: 'activities' }>): Promise<Verdict> {
  const report = join(root, 'jest-report.json');
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const words = ['--runInBand', '--json', `--outputFile=${report}`, `--testNamePattern=${only}`];
  const { output } = await run([jest, ...words, '--runTestsByPath', ...tests], root);
  if (!existsSync(report)) return { is: 'not run', why: lastWords(output) };
  const { testResults } = jestReport.parse(JSON.parse(readFileSync(report, 'utf8')));
  // Sources that do not even load are no fault that anybody would make and not notice.
  const unloaded = testResults.find(({ assertionResults }) => assertionResults.length === 0);
  if (unloaded || testResults.length < tests.length)
    return { is: 'not run', why: lastWords(unloaded?.message ?? output) };
  const ran = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed' || status === 'failed');
  if (ran.length === 0) return { is: 'not run', why: `no test is named ${only}` };
  const failed = ran.filter(({ status }) => status === 'failed');
  if (!failed[0]) return { is: 'survived' };
  return { is: 'found', by: failed[0].fullName + (failed.length > 1 ? ` (and ${failed.length - 1} more)` : '') };
}

const simReport = z.object({
  seeds: z.number(),
  failure: z.object({ seed: z.number(), invariant: z.string(), message: z.string() }).nullable(),
});

async function simulate(
  project: string,
  root: string,
  { runbook, seeds }: Extract<Hunt, { layer: 'simulation' }>,
): Promise<Verdict> {
  const words = ['--runbook', runbook, '--seeds', String(seeds), '--until-failure', '--root', root, '--json'];
  const { status, stdout, output } = await run([join(project, 'bin', 'sim.js'), ...words], project);
  const report = simReport.safeParse(parseJson(stdout));
  if (!report.success || status !== (report.data.failure ? 1 : 0)) return { is: 'not run', why: lastWords(output) };
  const { failure, seeds: needed } = report.data;
  if (!failure) return { is: 'survived', seeds: needed };
  return { is: 'found', by: `${failure.invariant}: ${failure.message} (seed ${failure.seed})`, seeds: needed };
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  /** Standard output and error. */
  readonly output: string;
}

function run(words: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    // A worker of jest is told by its environment what it is; these tests are begun from tests, too.
    const { JEST_WORKER_ID: _, ...env } = process.env;
    const child = spawn(process.execPath, words, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: withinMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      output += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', (error) => resolve({ status: null, stdout, output: error.message }));
    child.on('close', (status) => resolve({ status, stdout, output }));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function lastWords(output: string): string {
  return output.trim().split('\n').slice(-12).join('\n') || 'it ended without a word';
}
