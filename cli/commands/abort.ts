import { type Command } from 'commander';
import { type AbortRequest, messages } from '../../workflows/contract/messages';
import { type Context } from '../context';
import { withTemporal } from '../temporal';
import { updateRun } from '../update-run';
import { whoAsks } from '../who';

/** `abort <run>`: ends a run in order; it closes what it has open. */
export function addAbort(program: Command, context: Context): void {
  program
    .command('abort <run>')
    .description('end a run, by its workflow id: it closes everything it has open, and is then cancelled')
    .requiredOption('--why <reason>', 'kept in the report')
    .option('--json', 'print what was asked as one JSON document')
    .action(async (workflowId: string, { why, json }: { why: string; json?: boolean }) => {
      await withTemporal(context, async (access) => {
        const request: AbortRequest = { who: whoAsks(context.env), why };
        const { runId } = await updateRun(access, workflowId, messages.abort, () => request);
        if (json) context.output.json({ workflowId, runId, ...request });
        else context.output.print([`${workflowId} is closing what it has open: runbook watch ${workflowId}`]);
      });
    });
}
