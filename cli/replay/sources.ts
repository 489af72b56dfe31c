import { existsSync, readFileSync } from 'node:fs';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { companions } from '../../workflows/contract/messages';
import { runbooks } from '../../workflows/contract/runbooks';
import { CommandError, ExitCode } from '../exit';
import { parseHistory } from './history';
import { type Source } from './replayer';

/** gRPC's "not found", and its "invalid argument" for the id of an execution that is none. */
const notThere: readonly number[] = [5, 3];

/** Whether a word of the command line names a file; anything else is a workflow id. */
export const namesFile = (word: string): boolean => word.endsWith('.json') || existsSync(word);

/** @throws `CommandError` of exit code 2 for a file that is not there or holds no history */
export function fromFile(file: string): Source {
  if (!existsSync(file)) throw new CommandError(ExitCode.usage, `there is no file ${file}`);
  const events = parseHistory(readFileSync(file, 'utf8'));
  if (events) return { name: file, events, file };
  throw new CommandError(ExitCode.usage, `${file} is no workflow history; write one with: runbook history save <run>`);
}

/** @throws `CommandError` of exit code 2 for a run that is not there */
export async function fromServer(client: Client, workflowId: string, runId?: string): Promise<Source> {
  try {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    return { name: workflowId, events: events ?? [], file: null };
  } catch (error) {
    if (!isGrpcServiceError(error) || !notThere.includes(error.code)) throw error;
    throw new CommandError(ExitCode.usage, `there is no run ${workflowId}; see: runbook runs`);
  }
}

/** Every open run, guard, lock and catalogue, fetched one by one. */
export async function* openOnServer(client: Client): AsyncGenerator<Source> {
  const types = [...Object.values(runbooks).map(({ workflow }) => workflow), ...Object.values(companions)];
  const query = `ExecutionStatus = 'Running' AND WorkflowType IN (${types.map((type) => `'${type}'`).join(', ')})`;
  for await (const { workflowId, runId } of client.workflow.list({ query }))
    yield fromServer(client, workflowId, runId);
}
