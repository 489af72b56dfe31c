import { type temporal } from '@temporalio/proto';
import { canonicalJson } from '../../workflows/contract/plan';

type Payload = temporal.api.common.v1.IPayload;

/** What payloads hold: JSON as the value it is, anything else as base64. */
export function valuesOf(payloads: readonly Payload[] | null | undefined): unknown[] {
  return (payloads ?? []).map(valueOf);
}

/** What one payload holds; null for none. */
export function valueOf(payload: Payload | null | undefined): unknown {
  const data = Buffer.from(payload?.data ?? []);
  const encoding = Buffer.from(payload?.metadata?.encoding ?? []).toString();
  if (data.length === 0) return null;
  return encoding.startsWith('json/') ? JSON.parse(data.toString()) : data.toString('base64');
}

/** Named values as JSON, by name. */
export function fieldsOf(fields: Readonly<Record<string, Payload>> | null | undefined): Record<string, string> {
  const names = Object.keys(fields ?? {}).sort();
  return Object.fromEntries(names.map((name) => [name, canonicalJson(valueOf(fields?.[name]))]));
}

/** The summary that the Web UI shows beside a type; empty for none. */
export function titleOf({ userMetadata }: { userMetadata?: temporal.api.sdk.v1.IUserMetadata | null }): string {
  const summary = valueOf(userMetadata?.summary);
  return typeof summary === 'string' ? summary : '';
}
