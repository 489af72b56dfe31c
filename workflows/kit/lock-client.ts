import { condition, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import { guardQueueOf, type LockGrant, type LockWait, messages } from '../contract/messages';
import { type Site } from '../contract/resolve-site';
import { ask } from './carry-out';
import { type Checklist } from './checklist';
import { fail } from './failures';

const answerSeconds = 15;

const lockGranted = defineSignal<[LockGrant]>(messages.lockGranted);
const lockQueued = defineSignal<[LockWait]>(messages.lockQueued);

/**
 * Waits until this run and its guard may change the resources.
 *
 * @param onWait called when it has to wait, with who holds the lock
 * @returns the fencing number
 */
export async function takeLock(
  site: Site,
  runbook: string,
  guard: string,
  resources: readonly string[],
  checklist: Checklist,
  onWait: (text: string) => Promise<void>,
): Promise<number> {
  let fence: number | null = null;
  let wait: LockWait | null = null;
  setHandler(lockGranted, (grant) => {
    fence = grant.fence;
  });
  setHandler(lockQueued, (queued) => {
    wait = queued;
  });
  const { workflowId, runId } = workflowInfo();
  const queue = guardQueueOf(site.queue);
  const end = checklist.begin(`Lock ${resources.join(', ')} of ${site.name}`, 'lock');
  try {
    await ask.requestLock({ site: site.name, run: { workflowId, runId }, runbook, guard, resources, queue });
    const answered = await condition(() => fence !== null || wait !== null, answerSeconds * 1000);
    if (!answered) {
      throw fail(
        'Unavailable',
        `no worker polls ${queue}: the lock does not answer; nothing was touched. Start a worker: runbook worker`,
      );
    }
    const waiting = wait as LockWait | null;
    if (fence === null && waiting) {
      await onWait(`waits for ${waiting.heldBy}, which holds the lock; ${waiting.position - 1} before it in the queue`);
    }
    await condition(() => fence !== null);
  } catch (error) {
    end('failed');
    throw error;
  }
  end('done', `number ${fence}`);
  return fence as unknown as number;
}
