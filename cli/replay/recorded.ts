import { type temporal } from '@temporalio/proto';
import { type HistoryEvent } from '../report/history';
import { type Command, type Recorded } from './command';
import { activityOptions, childOptions, durationText, given } from './options';
import { fieldsOf, titleOf, valuesOf } from './payloads';

/** What a history says of the run as a whole. */
export interface RunFacts {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly runTimeout: temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes['workflowRunTimeout'];
  /** The event that started the last workflow task which was completed: what was asked later is in no event. */
  readonly lastTask: number;
}

/** Reads the first event and the last completed task. */
export function factsOf(events: readonly HistoryEvent[]): RunFacts {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const tasks = events.map(({ workflowTaskCompletedEventAttributes: task }) => Number(task?.startedEventId ?? 0));
  return {
    workflowId: started?.workflowId ?? '',
    workflowType: started?.workflowType?.name ?? '',
    taskQueue: started?.taskQueue?.name ?? '',
    runTimeout: started?.workflowRunTimeout,
    lastTask: Math.max(0, ...tasks),
  };
}

/** The commands that the code has made, in order: cancellations, patches and answers to updates are left to Temporal. */
export function recordedCommands(events: readonly HistoryEvent[]): Recorded[] {
  const facts = factsOf(events);
  return events.flatMap((event) => {
    const found = commandOf(event, facts);
    return found ? [{ ...found, eventId: Number(event.eventId) }] : [];
  });
}

function commandOf(event: HistoryEvent, { taskQueue, runTimeout }: RunFacts): Omit<Recorded, 'eventId'> | null {
  const queue = (used: temporal.api.taskqueue.v1.ITaskQueue | null | undefined) =>
    given({ queue: used?.name === taskQueue ? '' : used?.name });
  const command = (
    eventType: string,
    kind: Command['kind'],
    name: string | null | undefined,
    input: readonly unknown[],
    options: Record<string, string> = {},
  ) => ({ eventType, kind, name: name ?? '', title: titleOf(event), input, options });

  const activity = event.activityTaskScheduledEventAttributes;
  if (activity) {
    const options = { ...queue(activity.taskQueue), ...activityOptions(activity, runTimeout) };
    const input = valuesOf(activity.input?.payloads);
    return command('ActivityTaskScheduled', 'activity', activity.activityType?.name, input, options);
  }
  const timer = event.timerStartedEventAttributes;
  if (timer) return command('TimerStarted', 'timer', '', [], given({ for: durationText(timer.startToFireTimeout) }));
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (child) {
    const options = { ...given({ id: child.workflowId }), ...queue(child.taskQueue), ...childOptions(child) };
    const input = valuesOf(child.input?.payloads);
    return command('StartChildWorkflowExecutionInitiated', 'child', child.workflowType?.name, input, options);
  }
  const signal = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
  if (signal) {
    const { workflowId, runId } = signal.workflowExecution ?? {};
    const input = valuesOf(signal.input?.payloads);
    return command(
      'SignalExternalWorkflowExecutionInitiated',
      'signal',
      signal.signalName,
      input,
      given({ to: workflowId, run: runId }),
    );
  }
  const memo = event.workflowPropertiesModifiedEventAttributes;
  if (memo) return command('WorkflowPropertiesModified', 'memo', '', [], fieldsOf(memo.upsertedMemo?.fields));
  const attributes = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
  if (attributes) {
    const values = fieldsOf(attributes);
    // Added to the marker of a patch by the SDK, not by the code.
    if ('TemporalChangeVersion' in values) return null;
    return command('UpsertWorkflowSearchAttributes', 'search-attributes', '', [], values);
  }
  const next = event.workflowExecutionContinuedAsNewEventAttributes;
  if (next)
    return command(
      'WorkflowExecutionContinuedAsNew',
      'continue-as-new',
      next.workflowType?.name,
      valuesOf(next.input?.payloads),
      queue(next.taskQueue),
    );
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed) return command('WorkflowExecutionCompleted', 'completed', '', valuesOf(completed.result?.payloads));
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed)
    return command('WorkflowExecutionFailed', 'failed', failed.failure?.applicationFailureInfo?.type, [
      failed.failure?.message,
    ]);
  if (event.workflowExecutionCanceledEventAttributes) return command('WorkflowExecutionCanceled', 'cancelled', '', []);
  return null;
}
