import { type Asked } from './command';
import { askedCommand, type Made } from './asked-command';
import { type FindLine } from './lines';
import { type RunFacts } from './recorded';
import { type Activation } from './tracer';

/** What the code has asked for, in order, each with its line. */
export function askedCommands(activations: readonly Activation[], facts: RunFacts, lineOf: FindLine): Asked[] {
  // What is asked for and cancelled in one task does not reach the server.
  const takenBack = new Set(
    activations.flatMap(({ historyLength, commands }) => commands.map((made) => `${historyLength} ${cancelled(made)}`)),
  );
  return activations.flatMap(({ historyLength, taskQueue, commands, stacks }) =>
    commands.flatMap((made) => {
      const key = keyOf(made);
      const command = takenBack.has(`${historyLength} ${key}`) ? null : askedCommand(made, facts, taskQueue);
      const line = lineOf(stacks[key] ?? []);
      return command ? [{ ...command, line, task: historyLength }] : [];
    }),
  );
}

/** `startTimer 3`; commands of which there is one have number 0. */
function keyOf(made: Made): string {
  if (made.scheduleActivity) return `scheduleActivity ${made.scheduleActivity.seq}`;
  if (made.startTimer) return `startTimer ${made.startTimer.seq}`;
  if (made.startChildWorkflowExecution) return `startChildWorkflowExecution ${made.startChildWorkflowExecution.seq}`;
  if (made.signalExternalWorkflowExecution)
    return `signalExternalWorkflowExecution ${made.signalExternalWorkflowExecution.seq}`;
  return made.continueAsNewWorkflowExecution ? 'continueAsNewWorkflowExecution 0' : 'other';
}

/** The key of the command that this one cancels. */
function cancelled(made: Made): string {
  if (made.requestCancelActivity) return `scheduleActivity ${made.requestCancelActivity.seq}`;
  if (made.cancelTimer) return `startTimer ${made.cancelTimer.seq}`;
  if (made.cancelChildWorkflowExecution)
    return `startChildWorkflowExecution ${made.cancelChildWorkflowExecution.childWorkflowSeq}`;
  return made.cancelSignalWorkflow ? `signalExternalWorkflowExecution ${made.cancelSignalWorkflow.seq}` : 'nothing';
}
