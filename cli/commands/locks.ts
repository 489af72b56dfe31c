import { type Command } from 'commander';
import { companions, lockIdOf, type LockState, messages } from '../../workflows/contract/messages';
import { type Context } from '../context';
import { momentText } from '../render/amounts';
import { askWorker, type TemporalAccess, withTemporal } from '../temporal';

/** `locks [site]`: who may change what, and who waits. */
export function addLocks(program: Command, context: Context): void {
  program
    .command('locks [site]')
    .description('who holds the locks and who waits for them; default: of all sites')
    .option('--json', 'print them as one JSON document')
    .action(async (site: string | undefined, { json }: { json?: boolean }) => {
      const locks = await withTemporal(context, (access) => locksOf(access, site));
      if (json) context.output.json(locks);
      else context.output.print(locks.length ? locks.flatMap(lines) : ['nothing is locked']);
    });
}

async function locksOf(access: TemporalAccess, site: string | undefined): Promise<readonly LockState[]> {
  const only = site === undefined ? '' : ` AND WorkflowId = '${lockIdOf(site).replaceAll("'", '')}'`;
  const query = `WorkflowType = '${companions.lock}' AND ExecutionStatus = 'Running'${only}`;
  const states: LockState[] = [];
  for await (const { workflowId, taskQueue } of access.client.workflow.list({ query })) {
    const handle = access.client.workflow.getHandle(workflowId);
    states.push(...(await askWorker(access, taskQueue, () => handle.query<LockState[]>(messages.locks))));
  }
  return states;
}

function lines({ resource, holder, note, since, fence, queue }: LockState): string[] {
  return [
    `${resource}: held by ${holder}, since ${momentText(since)} (fence ${fence})${note ? `, ${note}` : ''}`,
    ...queue.map((waiter, index) => `  ${index + 1}. ${waiter.workflowId}, waiting since ${momentText(waiter.since)}`),
  ];
}
