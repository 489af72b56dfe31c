import { existsSync, readFileSync } from 'node:fs';
import { type Client } from '@temporalio/client';
import { companions } from '../../workflows/contract/messages';
import { runbooks } from '../../workflows/contract/runbooks';
import { CommandError, ExitCode } from '../exit';
import { parseHistory } from './history';
import { type Source } from './replayer';

/** Whether a word of the command line names a file; anything else is a workflow id. */
export const namesFile = (word: string): boolean => word.endsWith('.json') || existsSync(word);

/** @throws `CommandError` of exit code 2 for a file that is not there or holds no history */
export function fromFile(file: string): Source {
  if (!existsSync(file)) throw new CommandError(ExitCode.usage, `there is no file ${file}`);
  const events = parseHistory(readFileSync(file, 'utf8'));
  if (events) return { name: file, events, file };
  throw new CommandError(ExitCode.usage, `${file} is no workflow history; write one with: runbook history save <run>`);
}

/** @throws `WorkflowNotFoundError` */
export async function fromServer(client: Client, workflowId: string, runId?: string): Promise<Source> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return { name: workflowId, events: events ?? [], file: null };
}

/** Every open run, guard, lock and catalogue, fetched one by one. */
export async function* openOnServer(client: Client): AsyncGenerator<Source> {
  const types = [...Object.values(runbooks).map(({ workflow }) => workflow), ...Object.values(companions)];
  const query = `ExecutionStatus = 'Running' AND WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')})`;
  for await (const { workflowId, runId } of client.workflow.list({ query }))
    yield fromServer(client, workflowId, runId);
}
