import { type Asked, pendingOf } from '../../workflows/contract/approvals';
import { type Random } from './random';
import { fromPayload } from './temporal/payloads';
import { type Command } from './temporal/sandbox';

/** What people do when a run asks them, and how long after. */
export interface People {
  readonly say: 'approve' | 'reject' | 'nothing';
  readonly afterMs: number;
}

/** Where a scenario says nothing of them. */
export const agreeable: People = { say: 'approve', afterMs: 5_000 };

/** Mostly they agree; some answer when the time is just over. */
export function drawPeople(random: Random): People {
  const share = random.share('people');
  const say = share < 0.6 ? 'approve' : share < 0.8 ? 'reject' : 'nothing';
  const atTheEnd = random.share('people at the end') < 0.2;
  return {
    say,
    afterMs: atTheEnd ? random.integer(3_599_900, 3_600_400, 'people') : random.duration(100, 1_800_000, 'people'),
  };
}

/** The question that a run asks by this command. */
export function questionIn({ modifyWorkflowProperties: properties }: Command): Asked | null {
  const asked = properties?.upsertedMemo?.fields?.asked;
  return asked ? pendingOf(fromPayload(asked) as Asked[]) : null;
}
