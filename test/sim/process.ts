import { type RunbookName } from '../../workflows/contract/runbooks';
import { type Finding, Simulation } from './simulation';

/** What a process is told: where the bundle lies and what to run first, then seeds. */
export interface Setup {
  readonly bundleFile: string;
  readonly runbook: RunbookName;
  readonly input: object | null;
}
export type Order = { readonly setup: Setup } | { readonly from: number; readonly to: number };
/** What it answers: it may begin, or seeds are done, with what was found; none, if a run is broken without any fault. */
export type Report = { readonly ready: true } | { readonly seeds: number; readonly findings: readonly Finding[] };

let simulation: Simulation | null = null;

async function obey(order: Order): Promise<Report> {
  if ('setup' in order) {
    const { bundleFile, runbook, input } = order.setup;
    simulation = await Simulation.of(bundleFile, runbook, input);
    const { undisturbed } = simulation;
    return undisturbed ? { seeds: 0, findings: [undisturbed] } : { ready: true };
  }
  const findings: Finding[] = [];
  for (let seed = order.from; seed < order.to; seed++) {
    const finding = await simulation?.run(seed);
    if (finding) findings.push(finding);
  }
  return { seeds: order.to - order.from, findings };
}

process.on('message', (order: Order) => {
  obey(order).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error instanceof Error ? error.stack : error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
