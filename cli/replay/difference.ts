import { DeterminismViolationError } from '@temporalio/workflow';
import { type Asked, type Command, differingPaths, headOf, partsOf, type Recorded } from './command';
import { type Replayed } from './replayer';
import { entriesOf, traceOf, without } from './trace';

/** The first thing that today's code does otherwise than it did. */
export interface Difference {
  /**
   * `order`: another command, or none; Temporal refuses it, an open run would wait for ever.
   * `content`: the same command with another input, title or option; Temporal does not look at those.
   * `failure`: the code itself fails.
   */
  readonly kind: 'order' | 'content' | 'failure';
  readonly eventId: number | null;
  readonly eventType: string | null;
  /** `workflows/daily-backup.ts:40`, which asked for it, or for the last thing before; null where neither is known. */
  readonly line: string | null;
  /** One sentence, without the next move. */
  readonly text: string;
}

/**
 * Compares what was recorded with what is asked for today.
 *
 * @param trace the golden file beside the history: a difference that it shows has been agreed to
 */
export function differenceOf(replayed: Replayed, trace: string | null): Difference | null {
  return orderDifference(replayed) ?? refusal(replayed) ?? failure(replayed) ?? contentDifference(replayed, trace);
}

function orderDifference({ recorded, asked, error }: Replayed): Difference | null {
  const broken = error !== null && !(error instanceof DeterminismViolationError);
  const length = broken ? asked.length : Math.max(recorded.length, asked.length);
  for (let index = 0; index < length; index += 1) {
    const [was, now] = [recorded[index], asked[index]];
    if (was && now && identityOf(was) === identityOf(now)) continue;
    const { line, place } = placeOf(asked, index);
    const before = was ? `${titled(was)} was recorded` : 'nothing more was recorded';
    const after = now ? `${titled(now)} is asked for now, ${place}` : `nothing is asked for there now, ${place}`;
    return { kind: 'order', ...eventOf(was), line, text: `${at(was)}${before}; ${after}` };
  }
  return null;
}

/** Refused by Temporal although each command is the one it was, as far as can be told. */
function refusal(replayed: Replayed): Difference | null {
  if (!(replayed.error instanceof DeterminismViolationError)) return null;
  const found = contentDifference(replayed, null);
  const { line, place } = placeOf(replayed.asked, replayed.asked.length);
  const text = found?.text ?? `${place}, ${replayed.error.message}`;
  return { eventId: null, eventType: null, line, ...found, kind: 'order', text };
}

/** The code has thrown what is no failure of a run. */
function failure({ recorded, asked, error }: Replayed): Difference | null {
  if (!error) return null;
  const [, quoted] = /message: ("(?:[^"\\]|\\.)*")/.exec(error.message) ?? [];
  const message = quoted ? (JSON.parse(quoted) as string) : error.message;
  const { line, place } = placeOf(asked, asked.length);
  const next = recorded[asked.length];
  return { kind: 'failure', ...eventOf(next), line, text: `${at(next)}${place}, ${message}` };
}

function contentDifference(replayed: Replayed, trace: string | null): Difference | null {
  const entries = traceOf(replayed);
  const golden = trace === null ? null : entriesOf(trace);
  for (const [index, { recorded, asked, text: entry }] of entries.entries()) {
    if (entry === golden?.[index]) continue;
    const agreed = propertiesOf(golden?.[index] ?? '');
    // Where the trace says the same of today's code, it is the history that it does not know.
    const byTrace = without(agreed, propertiesOf(entry)).length + without(propertiesOf(entry), agreed).length > 0;
    const [now, was] = golden && byTrace ? [propertiesOf(entry), agreed] : [partsOf(asked), partsOf(recorded)];
    const [added, gone] = [without(now, was).join(' '), without(was, now).join(' ')];
    if (!added && !gone) continue;
    const { line, place } = placeOf(replayed.asked, index);
    const what = `now ${added || 'nothing'}, ${golden && byTrace ? 'in the trace' : 'recorded'} ${gone || 'nothing'}`;
    const places = differingPaths(recorded.input, asked.input);
    const input = places.length > 0 ? `; the input differs at ${places.join(', ')}` : '';
    const text = `${at(recorded)}${titled(asked)} is asked for otherwise, ${place}: ${what}${input}`;
    return { kind: 'content', ...eventOf(recorded), line, text };
  }
  if (!golden || golden.length === entries.length) return null;
  const text = `the trace has ${golden.length} commands, the history ${entries.length}: it belongs to another history`;
  return { kind: 'content', ...eventOf(undefined), line: null, text };
}

/** Where the command at this index is asked for, or, where that is not known, what was before. */
function placeOf(asked: readonly Asked[], index: number): { line: string | null; place: string } {
  const line = asked[index]?.line;
  if (line) return { line, place: `at ${line}` };
  const before = asked.slice(0, index).findLast((command) => command.line)?.line ?? null;
  return { line: before, place: before ? `after ${before}` : 'at the beginning' };
}

/** What an entry of a trace says of today's code. */
const propertiesOf = (entry: string): string[] => (entry.split('\n')[0] ?? '').trim().split(/ {2,}/);

/** A child of another id, or a signal to another run, is another command. */
const identityOf = (command: Command): string =>
  [headOf(command), command.options.id, command.options.to].filter(Boolean).join(' ');

const titled = (command: Command): string =>
  command.title ? `${identityOf(command)} “${command.title}”` : identityOf(command);

const at = (event: Recorded | undefined): string => (event ? `event ${event.eventId} (${event.eventType}): ` : '');

const eventOf = (event: Recorded | undefined) => ({
  eventId: event?.eventId ?? null,
  eventType: event?.eventType ?? null,
});
