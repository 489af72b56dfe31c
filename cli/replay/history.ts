import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';
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

/** A history as JSON. Its stack traces name files of a checkout, and not where that lies: the file may be published. */
export function printHistory(events: readonly HistoryEvent[]): string {
  const json = historyToJSON({ events: [...events] });
  return json.replaceAll(
    /(?<=\(|at |file:\/\/)\/[^\s():"]*?\/(?=(?:activities|build|node_modules|workers|workflows)\/)/g,
    '',
  );
}
