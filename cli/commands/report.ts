import { type Command } from 'commander';
import { type Context } from '../context';
import { RunObserver } from '../follow/observer';
import { withTemporal } from '../temporal';
import { showReport } from './run';

/** `report <run>`: what a run did, from the histories of run and guard. */
export function addReport(program: Command, context: Context): void {
  program
    .command('report <run>')
    .description('the report of a run, by its workflow id; works after Terminate and with no worker')
    .option('--run-id <id>', 'one execution of it; default: the latest')
    .option('--json', 'print it as one JSON document')
    .action(async (workflowId: string, options: { runId?: string; json?: boolean }) => {
      await withTemporal(context, async ({ client }) => {
        const { report } = await new RunObserver(client, workflowId, options.runId).look();
        showReport(context, report, options);
      });
    });
}
