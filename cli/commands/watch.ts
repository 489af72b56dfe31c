import { type Command } from 'commander';
import { type Context } from '../context';
import { follow } from '../follow/follow';
import { RunObserver } from '../follow/observer';
import { screenFor } from '../follow/screen-for';
import { withTemporal } from '../temporal';
import { showReport } from './run';

/** `watch <run>`: follows a run that somebody has started. */
export function addWatch(program: Command, context: Context): void {
  program
    .command('watch <run>')
    .description('follow a run, by its workflow id, to its end')
    .option('--run-id <id>', 'one execution of it; default: the latest')
    .option('--json', 'print the report as one JSON document')
    .action(async (workflowId: string, options: { runId?: string; json?: boolean }) => {
      await withTemporal(context, async ({ client }) => {
        const observer = new RunObserver(client, workflowId, options.runId);
        const screen = screenFor({ stream: context.output.stderr, env: context.env });
        showReport(context, (await follow(observer, screen)).report, options);
      });
    });
}
