import { type Asked, headOf, partsOf, type Recorded } from './command';
import { type Replayed } from './replayer';

/** One command with the event that recorded it, as the golden file shows it. */
export interface TraceEntry {
  readonly recorded: Recorded;
  readonly asked: Asked;
  /** `37  activity readProduction  "Look at production"  input=2a38d9566b10 …`, with a second line where history differs. */
  readonly text: string;
}

/** What today's code asks for at each event of the history; as far as both go. */
export function traceOf({ recorded, asked }: Replayed): TraceEntry[] {
  return recorded.slice(0, asked.length).map((event, index) => {
    const command = asked[index] as Asked;
    const was = without(partsOf(event), partsOf(command));
    const cancellation = command.cancellation ? [`cancellation=${command.cancellation}`] : [];
    const line = [String(event.eventId).padStart(4), headOf(command), ...partsOf(command), ...cancellation].join('  ');
    return {
      recorded: event,
      asked: command,
      text: was.length > 0 ? `${line}\n      recorded  ${was.join('  ')}` : line,
    };
  });
}

/** The text of a `.trace` file: stable, so that its diff shows what a changed procedure does. */
export function traceText(replayed: Replayed): string {
  const { workflowType, workflowId } = replayed.facts;
  const lines = traceOf(replayed).map(({ text }) => `${text}\n`);
  return `# ${workflowType} ${workflowId}: event, command, what it asks for\n${lines.join('')}`;
}

/** The entries of a `.trace` file. */
export function entriesOf(text: string): string[] {
  return text
    .split(/\n(?=\s*\d+ {2})/)
    .map((entry) => entry.trimEnd())
    .filter((entry) => /^\s*\d+ {2}/.test(entry));
}

/** Those of `parts` that are not among `others`. */
export const without = (parts: readonly string[], others: readonly string[]): string[] =>
  parts.filter((part) => !others.includes(part));
