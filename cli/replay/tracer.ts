import { proxySinks, type Sinks, type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';

/** What the code asked for in one activation. Plain data: it leaves the sandbox. */
export interface Activation {
  /** Events the history had when its workflow task was started. */
  readonly historyLength: number;
  readonly taskQueue: string;
  /** As the SDK hands them over: `coresdk.workflow_commands.IWorkflowCommand`. */
  readonly commands: readonly object[];
  /** Where something was asked for since the last activation, by the command's kind and number: `startTimer 3`. */
  readonly stacks: Readonly<Record<string, readonly Position[]>>;
}

/** Of a frame in the bundle, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface TraceSinks extends Sinks {
  readonly trace: { asked(activation: Activation): void };
}

const { trace } = proxySinks<TraceSinks>();
const deepest = 100;

/** Bundled with the workflows for a replay: tells every command they ask for, and where in the code. */
export function interceptors(): WorkflowInterceptors {
  let stacks: Record<string, Position[]> = {};
  const keep = (kind: string, seq: number) => {
    stacks[`${kind} ${seq}`] = stackHere();
  };
  return {
    outbound: [
      {
        scheduleActivity: (input, next) => {
          keep('scheduleActivity', input.seq);
          return next(input);
        },
        startTimer: (input, next) => {
          keep('startTimer', input.seq);
          return next(input);
        },
        startChildWorkflowExecution: (input, next) => {
          keep('startChildWorkflowExecution', input.seq);
          return next(input);
        },
        signalWorkflow: (input, next) => {
          keep('signalExternalWorkflowExecution', input.seq);
          return next(input);
        },
        continueAsNew: (input, next) => {
          keep('continueAsNewWorkflowExecution', 0);
          return next(input);
        },
      },
    ],
    internals: [
      {
        concludeActivation: (input, next) => {
          const { historyLength, taskQueue } = workflowInfo();
          trace.asked({ historyLength, taskQueue, commands: input.commands, stacks });
          stacks = {};
          return next(input);
        },
      },
    ],
  };
}

/**
 * The whole stack, across awaits, before any source map; its settings are changed for the moment only, because the SDK
 * takes a stack for every promise.
 */
function stackHere(): Position[] {
  const usual = Object.assign({ prepareStackTrace: undefined }, Error);
  Error.stackTraceLimit = deepest;
  Error.prepareStackTrace = (_error, frames) =>
    frames.map((frame) => ({ line: frame.getLineNumber() ?? 0, column: frame.getColumnNumber() ?? 0 }));
  const positions = new Error().stack as unknown as Position[];
  Object.assign(Error, usual);
  return positions;
}
