import { defaultPayloadConverter } from '@temporalio/common';
import { type temporal } from '@temporalio/proto';

export type History = temporal.api.history.v1.IHistory;
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload;
type Timestamp = { readonly seconds?: unknown; readonly nanos?: number | null };

/** What a payload holds; undefined where there is none. */
export function decode(payload: Payload | null | undefined): unknown {
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
}

export function decodeAll(payloads: temporal.api.common.v1.IPayloads | null | undefined): unknown[] {
  return (payloads?.payloads ?? []).map(decode);
}

/** A moment as ISO 8601 text in UTC with milliseconds; null where there is none. */
export function instantOf(time: Timestamp | null | undefined): string | null {
  if (!time) return null;
  return new Date(Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6)).toISOString();
}

export function eventsOf(history: History): readonly HistoryEvent[] {
  return history.events ?? [];
}

/** The line shown beside an event in the Web UI. */
export function summaryOf(event: HistoryEvent): string | undefined {
  const summary = decode(event.userMetadata?.summary);
  return typeof summary === 'string' && summary ? summary : undefined;
}

/** The only argument of a run, as it was started. */
export function inputOf(history: History): Record<string, unknown> {
  const started = eventsOf(history)[0]?.workflowExecutionStartedEventAttributes;
  const [input] = decodeAll(started?.input);
  return typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
}
