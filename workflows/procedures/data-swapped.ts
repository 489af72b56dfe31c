import { act, type InputOf } from '../contract/actions';
import { type Bracket } from '../kit/bracket';

/**
 * The staged data is in the place of the present one, which was moved aside.
 *
 * Closed without a commit, the old data is put back; the commit is `keepAside`.
 */
export function dataSwapped(swap: InputOf<'swapStore'>): Bracket<'readSwap', 'swapStore', 'returnStore'> {
  const { database, beside, aside } = swap;
  return {
    title: `The old data of ${database.host.name} is aside`,
    read: act.readSwap({ database, beside, aside }),
    enter: () => ({ open: act.swapStore(swap), close: act.returnStore({ database, beside, aside }) }),
  };
}
