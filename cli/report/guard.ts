import { companions, type GuardResult, messages, type OpenBracket } from '../../workflows/contract/messages';
import { type Execution } from '../../workflows/contract/companions';
import { type ActivityRecord } from './activities';
import { decode, eventsOf, type History } from './history';

/** The guard that a run started, exactly; null before that, and for a run without brackets. */
export function guardOf(history: History): Execution | null {
  for (const event of eventsOf(history)) {
    const started = event.childWorkflowExecutionStartedEventAttributes;
    if (started?.workflowType?.name === companions.guard)
      return {
        workflowId: started.workflowExecution?.workflowId ?? '',
        runId: started.workflowExecution?.runId ?? '',
      };
  }
  return null;
}

/** Titles of what a guard has closed, in order: its own word when it has ended, else what its history shows so far. */
export function restoredTitles(history: History, activities: readonly ActivityRecord[]): readonly string[] {
  for (const event of eventsOf(history)) {
    const completed = event.workflowExecutionCompletedEventAttributes;
    if (completed) return (decode(completed.result?.payloads?.[0]) as GuardResult | undefined)?.restored ?? [];
  }
  const brackets = openedBrackets(history);
  const closed = activities
    .filter(({ action, state }) => action !== null && action !== 'notify' && state === 'done')
    .map(({ title, args }) => brackets.get((args[1] as { key?: string } | undefined)?.key ?? '')?.title ?? title);
  return [...new Set(closed)];
}

/** By the operation key of their close. */
function openedBrackets(history: History): ReadonlyMap<string, OpenBracket> {
  const signals = eventsOf(history)
    .map(({ workflowExecutionSignaledEventAttributes: signal }) => signal)
    .filter((signal) => signal?.signalName === messages.bracketOpened);
  return new Map(
    signals.map((signal) => {
      const bracket = decode(signal?.input?.payloads?.[0]) as OpenBracket;
      return [bracket.call.key, bracket];
    }),
  );
}
