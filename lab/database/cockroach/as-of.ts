import { CommandFailure } from './failure';

/** A query without its `AS OF SYSTEM TIME`, and the time it named if it had one. */
export interface QueryAsOf {
  readonly query: string;
  readonly time: string | undefined;
}

const CLAUSE = /\s+as\s+of\s+system\s+time\s+(?:'([^']*)'|([\d.]+))/gi;

/**
 * Takes the clause out of a query.
 *
 * @throws CommandFailure where the real program does: within a part of a query, or a union, it is not taken
 */
export function readAsOf(query: string): QueryAsOf {
  const [clause, another] = query.matchAll(CLAUSE);
  if (!clause) return { query, time: undefined };
  const before = outermost(query.slice(0, clause.index));
  const after = outermost(query.slice(clause.index + clause[0].length));
  if (another || before.depth !== 0 || /\b(union|intersect|except)\b/i.test(before.text + after.text))
    throw new CommandFailure('AS OF SYSTEM TIME must be provided on a top-level statement');
  return { query: query.replace(clause[0], ''), time: clause[1] ?? clause[2] ?? '' };
}

/** What of a text is in no parentheses and no string, and how many parentheses are open at its end. */
function outermost(text: string): { text: string; depth: number } {
  let depth = 0;
  let kept = '';
  for (const character of text.replace(/'[^']*'/g, '')) {
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (depth === 0) kept += character;
  }
  return { text: kept, depth };
}
