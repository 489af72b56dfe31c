import { hostname, userInfo } from 'node:os';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { type Command } from 'commander';
import { type AbortRequest, messages } from '../../workflows/contract/messages';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { askWorker, withTemporal } from '../temporal';

/** `abort <run>`: ends a run in order; it closes what it has open. */
export function addAbort(program: Command, context: Context): void {
  program
    .command('abort <run>')
    .description('end a run, by its workflow id: it closes everything it has open, and is then cancelled')
    .requiredOption('--why <reason>', 'kept in the report')
    .option('--json', 'print what was asked as one JSON document')
    .action(async (workflowId: string, { why, json }: { why: string; json?: boolean }) => {
      await withTemporal(context, async (access) => {
        const handle = access.client.workflow.getHandle(workflowId);
        const { taskQueue, runId, status } = await handle.describe();
        if (status.name !== 'RUNNING')
          throw new CommandError(ExitCode.failed, `${workflowId} has ended already: ${status.name.toLowerCase()}`);
        const request: AbortRequest = { who: whoAsks(context.env), why };
        await askWorker(access, taskQueue, () => handle.executeUpdate(messages.abort, { args: [request] })).catch(
          (error: unknown) => {
            if (!(error instanceof WorkflowUpdateFailedError)) throw error;
            throw new CommandError(ExitCode.failed, error.cause?.message ?? error.message);
          },
        );
        if (json) context.output.json({ workflowId, runId, ...request });
        else context.output.print([`${workflowId} is closing what it has open: runbook watch ${workflowId}`]);
      });
    });
}

function whoAsks(env: NodeJS.ProcessEnv): string {
  let name = env.USER ?? env.LOGNAME;
  try {
    name ??= userInfo().username;
  } catch {
    // A user without an entry in the password file.
  }
  return `${name ?? 'somebody'}@${hostname()}`;
}
