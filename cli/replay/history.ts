import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { type HistoryEvent } from '../report/history';

/**
 * The events of a history as JSON: of `runbook history save`, of the Temporal CLI or of the Web UI.
 *
 * @returns null for a text that is no history
 */
export function parseHistory(text: string): readonly HistoryEvent[] | null {
  try {
    const { events } = historyFromJSON(JSON.parse(text));
    return events?.[0]?.workflowExecutionStartedEventAttributes ? events : null;
  } catch {
    return null;
  }
}
