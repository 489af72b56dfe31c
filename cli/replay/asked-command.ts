import { type coresdk } from '@temporalio/proto';
import { type Asked, type Command } from './command';
import { activityCancellation, activityOptions, childCancellation, childOptions, durationText, given } from './options';
import { fieldsOf, titleOf, valuesOf } from './payloads';
import { type RunFacts } from './recorded';

/** A command as the SDK makes it. */
export type Made = coresdk.workflow_commands.IWorkflowCommand;

/**
 * A command of the SDK; null for one that is left to Temporal: a cancellation, a patch, an answer.
 *
 * @param workerQueue the queue of the worker that replays, which stands for the run's own
 */
export function askedCommand(made: Made, facts: RunFacts, workerQueue: string): Omit<Asked, 'line' | 'task'> | null {
  const queue = (used: string | null | undefined) =>
    given({ queue: used === workerQueue || used === facts.taskQueue ? '' : used });
  const command = (
    kind: Command['kind'],
    name: string | null | undefined,
    input: readonly unknown[],
    options: Record<string, string> = {},
    cancellation = '',
  ) => ({ kind, name: name ?? '', title: titleOf(made), input, options, cancellation });

  const activity = made.scheduleActivity;
  if (activity) {
    const options = { ...queue(activity.taskQueue), ...activityOptions(activity, facts.runTimeout) };
    const cancellation = activityCancellation(activity.cancellationType);
    return command('activity', activity.activityType, valuesOf(activity.arguments), options, cancellation);
  }
  const timer = made.startTimer;
  if (timer) return command('timer', '', [], given({ for: durationText(timer.startToFireTimeout) }));
  const child = made.startChildWorkflowExecution;
  if (child) {
    const options = { ...given({ id: child.workflowId }), ...queue(child.taskQueue), ...childOptions(child) };
    const cancellation = childCancellation(child.cancellationType);
    return command('child', child.workflowType, valuesOf(child.input), options, cancellation);
  }
  const signal = made.signalExternalWorkflowExecution;
  if (signal) {
    const { workflowId, runId } = signal.workflowExecution ?? {};
    const options = given({ to: workflowId ?? signal.childWorkflowId, run: runId });
    return command('signal', signal.signalName, valuesOf(signal.args), options);
  }
  const memo = made.modifyWorkflowProperties;
  if (memo) return command('memo', '', [], fieldsOf(memo.upsertedMemo?.fields));
  const attributes = made.upsertWorkflowSearchAttributes?.searchAttributes;
  if (attributes) return command('search-attributes', '', [], fieldsOf(attributes.indexedFields));
  const next = made.continueAsNewWorkflowExecution;
  if (next) return command('continue-as-new', next.workflowType, valuesOf(next.arguments), queue(next.taskQueue));
  const completed = made.completeWorkflowExecution;
  if (completed) return command('completed', '', valuesOf(completed.result ? [completed.result] : []));
  const failure = made.failWorkflowExecution?.failure;
  if (failure) return command('failed', failure.applicationFailureInfo?.type, [failure.message]);
  if (made.cancelWorkflowExecution) return command('cancelled', '', []);
  return null;
}
