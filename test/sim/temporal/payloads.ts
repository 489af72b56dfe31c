import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { type temporal } from '@temporalio/proto';

export type Failure = temporal.api.failure.v1.IFailure;

export const toPayload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
export const fromPayload = (payload: unknown): unknown =>
  payload ? defaultPayloadConverter.fromPayload(payload) : undefined;

/** What a run or an activity has thrown, as the server hands it on. */
export function toFailure(error: unknown): Failure {
  const known = error instanceof ApplicationFailure ? error : ApplicationFailure.fromError(error);
  return defaultFailureConverter.errorToFailure(known, defaultPayloadConverter);
}

export const canceled: Failure = { message: 'cancelled', canceledFailureInfo: {} };

/** `TimeoutType` of the server's protocol. */
export const timeouts = { startToClose: 1, scheduleToClose: 3, heartbeat: 4 } as const;

export function timedOut(kind: keyof typeof timeouts, last?: Failure): Failure {
  return {
    message: `activity ${kind} timeout`,
    timeoutFailureInfo: { timeoutType: timeouts[kind] },
    ...(last ? { cause: last } : {}),
  };
}

/** Why an activity did not succeed, as its workflow is told. */
export function activityFailure(activityType: string, cause: Failure): Failure {
  return { message: 'Activity task failed', activityFailureInfo: { activityType: { name: activityType } }, cause };
}

/** Why a child did not succeed, as its parent is told. */
export function childFailure(run: { id: string; start: { runId: string; type: string } }, cause: Failure): Failure {
  return {
    message: 'Child Workflow execution failed',
    childWorkflowExecutionFailureInfo: {
      namespace: 'default',
      workflowExecution: { workflowId: run.id, runId: run.start.runId },
      workflowType: { name: run.start.type },
    },
    cause,
  };
}
