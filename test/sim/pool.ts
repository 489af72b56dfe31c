import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { type Order, type Report, type Setup } from './process';
import { quietScenario } from './scenario';
import { type Finding } from './simulation';

const seedsAtATime = 10;
/** A process that has said nothing for this long runs in circles, also on a machine that is busy with other things. */
const patienceMs = 300_000;

export interface Sweep {
  readonly seeds: number;
  readonly findings: readonly Finding[];
}

class Hangs extends Error {}

/** Workflow code that never returns cannot be shortened: only where it is can be told. */
const hanging = (seed: number, where: string): Finding => ({
  invariant: 'every run and guard comes to its end',
  message: `workflow code goes round in circles ${where}`,
  seed,
  scenario: quietScenario('daily-backup', {}),
  trace: [],
});

/**
 * Simulates seeds in several processes side by side.
 *
 * @param progress told after every handful of seeds
 * @param enough ends it early
 * @throws when a process dies, with the seeds it was at; one that hangs is a finding
 */
export async function sweep(
  setup: Setup,
  { from, count, processes }: { from: number; count: number; processes: number },
  progress: (done: Sweep) => void,
  enough: (done: Sweep) => boolean,
): Promise<Sweep> {
  let next = from;
  let done: Sweep = { seeds: 0, findings: [] };
  const take = () => {
    if (next >= from + count || enough(done)) return null;
    const order = { from: next, to: Math.min(next + seedsAtATime, from + count) };
    next = order.to;
    return order;
  };
  const add = (seeds: number, findings: readonly Finding[]) => {
    done = { seeds: done.seeds + seeds, findings: [...done.findings, ...findings] };
    progress(done);
  };
  /** Works until there are no seeds left; a process that hangs is replaced. */
  const work = async (): Promise<void> => {
    const child = fork(join(__dirname, 'process.js'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    try {
      const begun = await ask(child, { setup }, 'at its start');
      if ('seeds' in begun) return done.findings.length === 0 ? add(0, begun.findings) : undefined;
      for (let order = take(); order; order = take()) {
        const where = `at one of the seeds ${order.from} to ${order.to - 1}`;
        const report = await ask(child, order, where).catch((error: unknown) => {
          if (!(error instanceof Hangs)) throw error;
          return null;
        });
        if (report === null) {
          add(order.to - order.from, [hanging(order.from, where)]);
          return await work();
        }
        if ('seeds' in report) add(report.seeds, report.findings);
      }
    } finally {
      child.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return { ...done, findings: [...done.findings].sort((a, b) => a.seed - b.seed) };
}

function ask(child: ChildProcess, order: Order, where: string): Promise<Report> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      clearTimeout(timer);
      child.removeAllListeners();
      act();
    };
    const timer = setTimeout(() => end(() => reject(new Hangs(where))), patienceMs);
    child.once('message', (report: Report) => end(() => resolve(report)));
    child.once('exit', (code) => end(() => reject(new Error(`the simulation died ${where} (exit code ${code})`))));
    child.send(order);
  });
}
