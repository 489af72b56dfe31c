import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Replayed } from './replayer';
import { traceText } from './trace';

/** The golden file beside a history: `lock.trace` beside `lock.json`. */
export const traceFileOf = (history: string): string => `${history.replace(/\.json$/, '')}.trace`;

/** The text of the golden file beside a history; null where there is none. */
export function readTrace(history: string): string | null {
  const file = traceFileOf(history);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** Writes it anew. */
export function writeTrace(history: string, replayed: Replayed): void {
  writeFileSync(traceFileOf(history), traceText(replayed));
}
