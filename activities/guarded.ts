import { ApplicationFailure } from '@temporalio/common';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type Call } from '../workflows/contract/calls';
import { type Execution } from '../workflows/contract/companions';
import { type FailureDetails } from '../workflows/contract/failures';
import { type GuardMemo, lockIdOf } from '../workflows/contract/messages';
import { fail } from './failures';

/**
 * Makes sure that an action is its run's to carry out: not one of a reset run, and, inside a bracket, one whose guard
 * stands behind it.
 *
 * A change needs a guard that runs, watches this very run and has not taken over; a close only one that has not taken
 * over and is not another run's. Asks the server, no worker.
 * @throws `PreconditionFailed`, never retried: a run that was reset, or whose guard is gone, changes nothing any more
 */
export async function requireGuard(client: Client, call: Call, carriedOutFor: Execution): Promise<void> {
  refuseReset(call, carriedOutFor);
  if (call.guard) refuseUnguarded(call, await look(client, call.guard.workflowId));
}

/** What the server tells of a guard; null: it knows none. */
export type GuardSeen = { readonly running: boolean; readonly memo: Partial<GuardMemo> } | null;

async function look(client: Client, workflowId: string): Promise<GuardSeen> {
  try {
    const { status, memo } = await client.workflow.getHandle(workflowId).describe();
    return { running: status.name === 'RUNNING', memo: memo ?? {} };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw fail('Unavailable', `the guard ${workflowId} cannot be looked at: ${String(error)}`, {}, error);
  }
}

/**
 * Throws when the one that acts is a reset: it goes on with what the run before it had asked for, and with the lock that
 * run was granted. Every attempt of such a run is refused, so none has changed anything.
 *
 * @param carriedOutFor the execution that waits for the activity: the run itself, or its guard
 */
export function refuseReset({ workflowId, runId, fence, site }: Call, carriedOutFor: Execution): void {
  const before =
    carriedOutFor.workflowId === workflowId && carriedOutFor.runId !== runId
      ? runId
      : fence?.run !== runId
        ? fence?.run
        : undefined;
  if (before === undefined) return;
  throw refusal(
    lockIdOf(site),
    'reset',
    `the lock of ${site} was granted to run ${before}, of which this one is a reset; nothing was changed. Start a new run`,
  );
}

/** Throws unless that guard stands behind the run; see `requireGuard`. */
export function refuseUnguarded(call: Call, guard: GuardSeen): void {
  // Without a guard nothing was opened that a close could be wrong about.
  if (!call.guard || (!guard && call.guard.for === 'close')) return;
  const { workflowId, for: purpose } = call.guard;
  const { running = false, memo = {} } = guard ?? {};
  const notBehind = !memo.ownerRunId
    ? 'it does not exist'
    : memo.ownerRunId !== call.runId
      ? `it stands behind run ${memo.ownerRunId}: this run was reset`
      : memo.tookOver
        ? 'it has taken over'
        : null;
  const why = notBehind ?? (purpose === 'change' && !running ? 'it has ended' : null);
  if (why === null) return;
  throw refusal(
    workflowId,
    // A guard that only ended leaves the closes to its run; see `isUnguarded` in the kit.
    notBehind ? 'guard' : 'guard.ended',
    `the guard ${workflowId} does not stand behind this run: ${why}; nothing was changed. Start a new run`,
  );
}

/** The one failure that no policy may retry: the close of a run that has lost its guard would be tried for ever. */
function refusal(target: string, operation: 'guard' | 'guard.ended' | 'reset', message: string): ApplicationFailure {
  const details: FailureDetails = { operation, target };
  return ApplicationFailure.create({ type: 'PreconditionFailed', message, nonRetryable: true, details: [details] });
}
