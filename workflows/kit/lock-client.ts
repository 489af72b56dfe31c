import {
  CancellationScope,
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { guardQueueOf, type LockGrant, lockIdOf, type LockWait, messages } from '../contract/messages';
import { type LockNote } from '../contract/companions';
import { type Site } from '../contract/resolve-site';
import { ask } from './carry-out';
import { type Checklist } from './checklist';
import { fail } from './failures';
import { companionAnswerSeconds } from './patience';
import { patches } from './patches';

const askAgainSeconds = 60;

const lockGranted = defineSignal<[LockGrant]>(messages.lockGranted);
const lockNoted = defineSignal<[LockNote]>(messages.lockNoted);
const lockQueued = defineSignal<[LockWait]>(messages.lockQueued);

/**
 * Waits until this run and its guard may change the resources.
 *
 * @param onWait called when it has to wait, with who holds the lock
 * @returns the fencing number, and the execution it was granted to
 */
export async function takeLock(
  site: Site,
  runbook: string,
  guard: string,
  resources: readonly string[],
  checklist: Checklist,
  onWait: (text: string) => Promise<void>,
): Promise<LockGrant> {
  let granted: LockGrant | null = null;
  let wait: LockWait | null = null;
  setHandler(lockGranted, (grant) => {
    granted = grant;
  });
  setHandler(lockQueued, (queued) => {
    wait = queued;
  });
  const { workflowId, runId } = workflowInfo();
  const queue = guardQueueOf(site.queue);
  const end = checklist.begin(`Lock ${resources.join(', ')} of ${site.name}`, 'lock');
  try {
    const request = { site: site.name, run: { workflowId, runId }, runbook, guard, resources, queue };
    await ask.requestLock(request);
    const answered = await condition(() => granted !== null || wait !== null, companionAnswerSeconds * 1000);
    if (!answered) {
      throw fail(
        'Unavailable',
        `no worker polls ${queue}: the lock does not answer; nothing was touched. Start a worker: runbook worker`,
      );
    }
    const waiting = wait as LockWait | null;
    if (granted === null && waiting) {
      await onWait(`waits for ${waiting.heldBy}, which holds the lock; ${waiting.position - 1} before it in the queue`);
    }
    // The lock may have been lost, or know only the run of which this one is a reset.
    if (patches.asksAgain())
      while (!(await condition(() => granted !== null, askAgainSeconds * 1000))) await ask.requestLock(request);
    else await condition(() => granted !== null);
  } catch (error) {
    end('failed');
    throw error;
  }
  const grant = granted as unknown as LockGrant;
  end('done', `number ${grant.fence}`);
  return grant;
}

/** Has the lock say what this run, which holds it, is at; null: nothing to be said. A lock that is gone is not told. */
export async function noteAtLock(site: Site, note: string | null): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  await CancellationScope.nonCancellable(() =>
    getExternalWorkflowHandle(lockIdOf(site.name)).signal(lockNoted, { run: { workflowId, runId }, note }),
  ).catch(() => undefined);
}
