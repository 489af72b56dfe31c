import { fail } from '../../../activities/failures';
import { type BackupRecord } from '../../../workflows/contract/actions/archives';
import { type InputOf, type OutputOf } from '../../../workflows/contract/actions';

type SwapState = OutputOf<'readSwap'>['state'];

interface Swap {
  state: SwapState;
  /** What was in the store before. */
  readonly old: string;
  readonly facts: InputOf<'swapStore'>['facts'] | null;
}

/** As the host says it of a store that some process has open. */
export const inUse = 'the store is in use: stop the database first';

/** What a site in memory finds in its store at first. */
export const presentData = 'present';

/** A database's data, whole as a name: what serves, what is staged beside it, and what was moved aside. */
export class Store {
  content = presentData;
  /** The stage is made, and what lies in it. */
  staging = false;
  staged: string | null = null;
  readonly swaps = new Map<string, Swap>();

  rows(): Record<string, number> {
    return { users: this.content === presentData ? 2 : 1 };
  }

  swapState(aside: string): SwapState {
    return this.swaps.get(aside)?.state ?? 'none';
  }

  /** @returns whether anything was moved */
  swap({ aside, facts }: InputOf<'swapStore'>, running: boolean): boolean {
    const state = this.swapState(aside);
    if (state === 'swapped') return false;
    if (state !== 'none') throw fail('PreconditionFailed', `the swap ${aside} was ${state}`);
    if (running) throw fail('ResourceFailed', inUse);
    if (this.staged === null) throw fail('ResourceFailed', 'there is nothing on the stage');
    this.swaps.set(aside, { state: 'swapped', old: this.content, facts });
    this.content = this.staged;
    this.staged = null;
    return true;
  }

  putBack(aside: string, running: boolean): boolean {
    const swap = this.swaps.get(aside);
    if (!swap) this.swaps.set(aside, { state: 'returned', old: this.content, facts: null });
    if (swap?.state !== 'swapped') return false;
    if (running) throw fail('ResourceFailed', inUse);
    this.content = swap.old;
    swap.state = 'returned';
    return true;
  }

  /** New data is in the old one's place, and nobody has agreed to keep it yet. */
  get isMoving(): boolean {
    return [...this.swaps.values()].some(({ state }) => state === 'swapped');
  }

  keep(aside: string): boolean {
    const swap = this.swaps.get(aside);
    if (swap?.state === 'kept') return false;
    if (swap?.state !== 'swapped') throw fail('ResourceFailed', `the swap ${aside} is ${swap?.state ?? 'none'}`);
    swap.state = 'kept';
    return true;
  }

  kept(): BackupRecord[] {
    return [...this.swaps].flatMap(([name, { state, facts }]) =>
      state === 'kept' && facts
        ? [
            {
              kind: 'aside' as const,
              name,
              site: facts.site,
              createdAt: facts.createdAt,
              bytes: 100,
              sha256: '',
              engine: 'cockroach',
              strategy: 'moved aside',
              verified: false,
              verifiedAt: null,
              rows: facts.rows ?? null,
              marker: null,
              run: facts.run,
              keptUntil: facts.keptUntil,
            },
          ]
        : [],
    );
  }

  remove(aside: string): boolean {
    const swap = this.swaps.get(aside);
    if (swap && swap.state !== 'kept') throw fail('PreconditionFailed', `the swap ${aside} is ${swap.state}`);
    return this.swaps.delete(aside);
  }
}
