import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { type temporal } from '@temporalio/proto';

export type HistoryEvents = readonly temporal.api.history.v1.IHistoryEvent[];

/**
 * The events of a history as JSON: of `runbook history save`, of the Temporal CLI or of the Web UI.
 *
 * @returns null for a text that is no history
 */
export function parseHistory(text: string): HistoryEvents | null {
  try {
    const { events } = historyFromJSON(JSON.parse(text));
    return events?.[0]?.workflowExecutionStartedEventAttributes ? events : null;
  } catch {
    return null;
  }
}
