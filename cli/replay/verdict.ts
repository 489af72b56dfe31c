import { type Difference, differenceOf } from './difference';
import { type Replayed } from './replayer';
import { readTrace } from './trace-file';

/** What a replay says of one history; the document of `replay --json` is a list of them. */
export interface Verdict {
  /** The file or the workflow id. */
  readonly history: string;
  readonly workflowId: string;
  readonly workflowType: string;
  /** Commands that were recorded. */
  readonly commands: number;
  /** Null where today's code makes them all. */
  readonly difference: Difference | null;
}

/**
 * Judges a replay; one of a file by its golden trace too, where there is one.
 *
 * @param orderOnly look only at what Temporal itself refuses
 */
export function verdictOf(replayed: Replayed, { orderOnly = false } = {}): Verdict {
  const { source, facts, recorded } = replayed;
  const difference = differenceOf(replayed, source.file === null ? null : readTrace(source.file));
  return {
    history: source.name,
    workflowId: facts.workflowId,
    workflowType: facts.workflowType,
    commands: recorded.length,
    difference: orderOnly && difference?.kind === 'content' ? null : difference,
  };
}

/** A line for people; for a difference a sentence with the next move. */
export function verdictText({ history, commands, difference }: Verdict): string {
  if (!difference) return `same     ${history}: ${commands} commands`;
  return `differs  ${history}: ${difference.text}. ${nextMove(difference, history)}`;
}

function nextMove({ kind }: Difference, history: string): string {
  switch (kind) {
    case 'order':
      return (
        `A run that is open there would wait for ever: keep the recorded way for it with a patch id, ` +
        `patched('<year>-<month>-<what changes>'); see docs/testing.md, "When you change a workflow"`
      );
    case 'failure':
      return 'A run that is open there would wait for a worker whose code does not fail';
    case 'content':
      return history.endsWith('.json')
        ? `Open runs go on all the same; if it is meant, run: runbook history trace ${history}`
        : 'It goes on all the same, with what was recorded; --order-only leaves such differences out';
  }
}
