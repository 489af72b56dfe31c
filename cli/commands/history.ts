import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { type Command } from 'commander';
import { type Context } from '../context';
import { withTemporal } from '../temporal';

/** `history save <workflow>`: keeps a history, to be replayed against tomorrow's code. */
export function addHistory(program: Command, context: Context): void {
  program
    .command('history')
    .description('keep the histories of runs, guards and locks')
    .command('save <workflow>')
    .description('write the history of a run, by its workflow id, as JSON: `guard/<run>` is that of its guard')
    .option('--run-id <id>', 'one execution of it; default: the latest')
    .option('--to <file>', 'default: <workflow id>.json here, with _ for /')
    .action(async (workflowId: string, { runId, to }: { runId?: string; to?: string }) => {
      const file = resolve(to ?? `${workflowId.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}.json`);
      await withTemporal(context, async ({ client }) => {
        const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        writeFileSync(file, `${historyToJSON(history)}\n`);
        context.output.say(`${file}: ${history.events?.length ?? 0} events`);
      });
    });
}
