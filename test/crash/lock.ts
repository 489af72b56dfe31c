import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { lockIdOf, type LockState, messages } from '../../workflows/contract/messages';
import { type Bench } from './bench';

const FREE_WITHIN_MS = 60_000;

/** Who holds the site's lock, once nobody does, or when that takes too long. */
export async function lockHoldersOf(bench: Bench): Promise<readonly string[]> {
  for (const until = Date.now() + FREE_WITHIN_MS; ; await sleep(50)) {
    const holders = await look(bench);
    if (holders.length === 0 || Date.now() > until) return holders;
  }
}

/** The first to ask for the lock starts it: before that there is none. */
async function look({ client }: Bench): Promise<readonly string[]> {
  try {
    const locks = await client.workflow.getHandle(lockIdOf('lab')).query<LockState[]>(messages.locks);
    return locks.map(({ holder }) => holder);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    return [`somebody who cannot be told: ${error instanceof Error ? error.message : String(error)}`];
  }
}
