import { fromPayload } from './temporal/payloads';
import { type Command } from './temporal/sandbox';
import { kindOf } from './temporal/server';

/** A command of a workflow in one line. */
export function commandText(command: Command): string {
  const summary = command.userMetadata?.summary ? ` “${String(fromPayload(command.userMetadata.summary))}”` : '';
  const kind = kindOf(command);
  if (command.scheduleActivity) return `${command.scheduleActivity.activityType}${summary}`;
  if (command.signalExternalWorkflowExecution) {
    const { signalName, workflowExecution, args } = command.signalExternalWorkflowExecution;
    const first = args?.[0] ? JSON.stringify(fromPayload(args[0])).slice(0, 80) : '';
    return `tells ${workflowExecution?.workflowId} ${signalName} ${first}`;
  }
  if (command.startTimer) return `timer ${command.startTimer.seq}${summary}`;
  if (command.startChildWorkflowExecution) return `starts ${command.startChildWorkflowExecution.workflowId}`;
  if (command.failWorkflowExecution) return `fails: ${command.failWorkflowExecution.failure?.message}`;
  if (command.completeWorkflowExecution)
    return `completes: ${JSON.stringify(fromPayload(command.completeWorkflowExecution.result) ?? null).slice(0, 120)}`;
  return kind;
}
