import { sleep } from '@temporalio/workflow';
import { type Action, targetOf } from '../contract/actions';
import { type Execution } from '../contract/companions';
import { ask } from './carry-out';
import { patches } from './patches';

/** How often what is closed is looked at again while a late change may still land. */
export const recheckSeconds = 2;

/**
 * Closes for good: returns when no change of this run can reopen any more what was closed. That is at once, unless an
 * attempt at such a change was given up or cut off.
 *
 * Invariant: the last look began when nothing could land any more, however long workers were away in between.
 * @param carry carries the close out; it looks first, and acts only on what is open
 * @returns what the first one came to
 */
export async function closeForGood<T>(run: Execution, close: Action, carry: () => Promise<T>): Promise<T> {
  let looksFrom = Date.now();
  const output = await carry();
  if (!patches.closesForGood()) return output;
  const { targets } = await ask.lastLanding(run);
  const until = targets[targetOf(close)] ?? 0;
  if (looksFrom >= until) return output;
  const looksLast = patches.looksLast();
  while ((looksLast ? looksFrom : Date.now()) < until) {
    const waitMs = Math.min(recheckSeconds * 1000, until - Date.now());
    if (waitMs > 0) await sleep(waitMs);
    looksFrom = Date.now();
    await carry();
  }
  return output;
}

/** Returns when nothing that this run has sent can land any more. */
export async function nothingLands(run: Execution): Promise<void> {
  const until = (await ask.lastLanding(run)).any ?? 0;
  if (Date.now() < until) await sleep(until - Date.now());
}
