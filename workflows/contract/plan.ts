import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils';
import { type ActionName, definitionOf } from './actions';
import { type Effect } from './action';

/** One step of a plan, as `runbook plan` shows it. */
export interface PlanStep {
  readonly title: string;
  /** `ask` is a question to people: no action, and not in the digest. */
  readonly action: ActionName | 'ask';
  readonly effect: Effect;
  readonly target: string;
  /** The command line or request it would send; null for a look that was carried out. */
  readonly command: string | null;
  /** The present state in words, where it could be looked at. */
  readonly now: string | null;
  /** Whether it would change anything; null where that cannot be known beforehand. */
  readonly changes: boolean | null;
}

export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly digest: string;
}

/** What of a step goes into the digest. */
export interface DigestStep {
  readonly action: ActionName;
  readonly input: unknown;
}

/**
 * SHA-256 over the ordered steps with their effect, target and input, closes included.
 *
 * Values that only a run can have are replaced by placeholders, and messages to people left out,
 * so that a plan and the run that follows it have the same digest.
 */
export function planDigest(steps: readonly DigestStep[]): string {
  const lines = steps
    .filter(({ action }) => definitionOf(action).profile !== 'notify')
    .map(({ action, input }) => {
      const definition = definitionOf(action);
      return canonicalJson([action, definition.effect, definition.target(input), withPlaceholders(action, input)]);
    });
  return hexDigest(lines.join('\n'));
}

/** The input with `<field>` in place of each value that only a run can have. */
export function withPlaceholders(action: ActionName, input: unknown): Record<string, unknown> {
  const runOnly = new Set<string>(definitionOf(action).runOnly ?? []);
  return Object.fromEntries(
    Object.entries(input as Record<string, unknown>).map(([field, value]) => [
      field,
      runOnly.has(field) ? `<${field}>` : value,
    ]),
  );
}

/** SHA-256 of a text, hexadecimal. Pure JavaScript, so that the workflow sandbox can do it. */
export function hexDigest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** JSON with sorted keys: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
