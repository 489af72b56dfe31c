import { type WorkflowExecutionInfo } from '@temporalio/client';
import { type Command } from 'commander';
import { runbooks } from '../../workflows/contract/runbooks';
import { type Context } from '../context';
import { statusOf } from '../follow/observer';
import { runbookNamed } from '../input';
import { positive } from '../options';
import { momentText } from '../render/amounts';
import { table } from '../render/table';
import { runbookOf, type RunStatus } from '../report/report';
import { withTemporal } from '../temporal';

interface RunsOptions {
  readonly site?: string;
  readonly runbook?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** One line of `runs`. */
export interface RunSummary {
  readonly workflowId: string;
  readonly runId: string;
  readonly runbook: string;
  readonly site: string | null;
  readonly status: RunStatus;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** `runs`: the newest runs, by the server's index. */
export function addRuns(program: Command, context: Context): void {
  program
    .command('runs')
    .description('recent runs, newest first')
    .option('--site <site>', 'of one site')
    .option('--runbook <runbook>', 'of one runbook')
    .option('--limit <n>', 'how many', positive, 20)
    .option('--json', 'print them as one JSON document')
    .action(async (options: RunsOptions) => {
      const query = queryFor(options);
      await withTemporal(context, async ({ client }) => {
        const found: RunSummary[] = [];
        // The server answers newest first and refuses to be told an order.
        for await (const info of client.workflow.list({ query, pageSize: options.limit })) {
          found.push(summaryOf(info));
          if (found.length === options.limit) break;
        }
        if (options.json) context.output.json(found);
        else context.output.print(found.length ? lines(found) : ['no runs yet']);
      });
    });
}

function queryFor({ site, runbook }: RunsOptions): string {
  const types = runbook ? [runbookNamed(runbook).definition] : Object.values(runbooks);
  const ofTypes = `WorkflowType IN (${types.map(({ workflow }) => `'${workflow}'`).join(', ')})`;
  return site ? `${ofTypes} AND RunbookSite = '${site.replaceAll("'", '')}'` : ofTypes;
}

function summaryOf(info: WorkflowExecutionInfo): RunSummary {
  const [site] = (info.searchAttributes.RunbookSite ?? []) as string[];
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    runbook: runbookOf(info.type),
    site: site ?? null,
    status: statusOf(info),
    startedAt: info.startTime.toISOString(),
    endedAt: info.closeTime?.toISOString() ?? null,
  };
}

function lines(found: readonly RunSummary[]): string[] {
  return table([
    ['status', 'started', 'run'],
    ...found.map(({ status, startedAt, workflowId }) => [status, momentText(startedAt), workflowId]),
  ]);
}
