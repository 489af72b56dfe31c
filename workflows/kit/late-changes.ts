import { sleep } from '@temporalio/workflow';
import { type Action, targetOf } from '../contract/actions';
import { type Execution } from '../contract/companions';
import { ask } from './carry-out';
import { patches } from './patches';

/** How often what is closed is looked at again while a late change may still land. */
export const recheckSeconds = 2;

/**
 * Returns when no change of this run can reopen any more what was closed: at once, unless an attempt at such a change
 * was given up or cut off.
 *
 * @param again carries the close out again; it looks first, and acts only on what was reopened
 */
export async function outlast(run: Execution, close: Action, again: () => Promise<unknown>): Promise<void> {
  if (!patches.closesForGood()) return;
  const { targets } = await ask.lastLanding(run);
  const until = targets[targetOf(close)] ?? 0;
  while (Date.now() < until) {
    await sleep(Math.min(recheckSeconds * 1000, until - Date.now()));
    await again();
  }
}

/** Returns when nothing that this run has sent can land any more. */
export async function nothingLands(run: Execution): Promise<void> {
  const until = (await ask.lastLanding(run)).any ?? 0;
  if (Date.now() < until) await sleep(until - Date.now());
}
