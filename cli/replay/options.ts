import { coresdk, temporal, type google } from '@temporalio/proto';

type Duration = google.protobuf.IDuration | null | undefined;

/** Times and retries as they stand in a history or a command. */
interface Times {
  readonly scheduleToCloseTimeout?: Duration;
  readonly scheduleToStartTimeout?: Duration;
  readonly startToCloseTimeout?: Duration;
  readonly heartbeatTimeout?: Duration;
  readonly retryPolicy?: temporal.api.common.v1.IRetryPolicy | null;
}

/** How a child is started; of a history or a command. */
interface ChildOptions {
  readonly workflowExecutionTimeout?: Duration;
  readonly workflowRunTimeout?: Duration;
  readonly workflowTaskTimeout?: Duration;
  readonly parentClosePolicy?: number | null;
  readonly workflowIdReusePolicy?: number | null;
  readonly retryPolicy?: temporal.api.common.v1.IRetryPolicy | null;
  readonly cronSchedule?: string | null;
}

const { ParentClosePolicy, WorkflowIdReusePolicy } = temporal.api.enums.v1;

/**
 * Times and retries as the server keeps them: those not asked for filled in, none longer than one around it.
 *
 * @param runTimeout of the run, which limits them all
 */
export function activityOptions(times: Times, runTimeout: Duration): Record<string, string> {
  const whole = shortest(secondsOf(times.scheduleToCloseTimeout), secondsOf(runTimeout));
  const wait = shortest(secondsOf(times.scheduleToStartTimeout), whole);
  const attempt = shortest(secondsOf(times.startToCloseTimeout), whole);
  return given({
    'start-to-close': seconds(attempt),
    'schedule-to-close': seconds(whole),
    'schedule-to-start': wait === whole ? '' : seconds(wait),
    heartbeat: secondsOf(times.heartbeatTimeout) && seconds(shortest(secondsOf(times.heartbeatTimeout), attempt)),
    ...retries(times.retryPolicy),
  });
}

/** Policies and times of a child as the server keeps them. */
export function childOptions(child: ChildOptions): Record<string, string> {
  const taskTimeout = secondsOf(child.workflowTaskTimeout) || 10;
  return given({
    'execution-timeout': seconds(secondsOf(child.workflowExecutionTimeout)),
    'run-timeout': seconds(secondsOf(child.workflowRunTimeout)),
    'task-timeout': taskTimeout === 10 ? '' : seconds(taskTimeout),
    'when-parent-closes': words(
      ParentClosePolicy,
      child.parentClosePolicy || ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE,
    ),
    'id-reuse': words(
      WorkflowIdReusePolicy,
      child.workflowIdReusePolicy || WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    ),
    cron: child.cronSchedule,
    ...(child.retryPolicy ? retries(child.retryPolicy) : {}),
  });
}

/** What a cancellation does to an activity: `wait-cancellation-completed`. */
export const activityCancellation = (type: number | null | undefined): string =>
  words(coresdk.workflow_commands.ActivityCancellationType, type ?? 0);

/** What a cancellation does to a child. */
export const childCancellation = (type: number | null | undefined): string =>
  words(coresdk.child_workflow.ChildWorkflowCancellationType, type ?? 0);

/** `15s`; empty for none. */
export const durationText = (duration: Duration): string => seconds(secondsOf(duration));

/** The options that are set. */
export function given(options: Record<string, string | number | null | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).flatMap(([name, value]) => (value ? [[name, String(value)]] : [])));
}

function retries(policy: temporal.api.common.v1.IRetryPolicy | null | undefined): Record<string, string> {
  const first = secondsOf(policy?.initialInterval) || 1;
  const most = secondsOf(policy?.maximumInterval) || 100 * first;
  return given({
    retry: `${first}s*${policy?.backoffCoefficient || 2}..${most}s`,
    attempts: policy?.maximumAttempts,
    'not-retried': policy?.nonRetryableErrorTypes?.join(','),
  });
}

/** Of a history or of a command that has left the sandbox, where a long is no class any more. */
function secondsOf(duration: Duration): number {
  const whole = duration?.seconds as number | { low: number; high: number } | null | undefined;
  const seconds = typeof whole === 'object' && whole ? whole.high * 2 ** 32 + (whole.low >>> 0) : (whole ?? 0);
  return seconds + (duration?.nanos ?? 0) / 1e9;
}

const seconds = (value: number): string => (value ? `${value}s` : '');

/** Zero is none. */
function shortest(...values: number[]): number {
  const limits = values.filter((value) => value > 0);
  return limits.length > 0 ? Math.min(...limits) : 0;
}

/** `PARENT_CLOSE_POLICY_ABANDON` of `ParentClosePolicy` is `abandon`. */
function words(names: Record<number, string>, value: number): string {
  const prefix = /^(PARENT_CLOSE_POLICY|WORKFLOW_ID_REUSE_POLICY)_/;
  return (names[value] ?? String(value)).replace(prefix, '').replaceAll('_', '-').toLowerCase();
}
