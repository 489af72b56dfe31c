import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import { type Action, definitionOf, type InputOf, type OutputOf, type ReadName } from '../contract/actions';
import { type Call } from '../contract/calls';
import { type EachActivities, eachOf, looks, type Outcome, slices } from '../contract/each';
import { type Profile, profiles } from '../contract/profiles';
import { activityOptions, startToCloseSeconds, summary } from './carry-out';

/** Looks of one kind, the first of which is the `from`-th of all. */
interface Slice<N extends ReadName> {
  readonly from: number;
  readonly actions: readonly Action<N>[];
}

/**
 * Carries looks of one kind out, a slice to an activity, a few slices at a time.
 *
 * @param callOf the call of a slice, by its first action and that one's place
 * @throws when a slice has failed as a whole, once the others have ended: no worker, or a run that was reset
 */
export async function carryOutEach<N extends ReadName>(
  title: string,
  actions: readonly Action<N>[],
  callOf: (first: Action<N>, place: number) => Call,
): Promise<readonly Outcome<OutputOf<N>>[]> {
  const waiting = cut(actions);
  const many = waiting.length > 1;
  const outcomes: Outcome<OutputOf<N>>[] = [];
  const lane = async () => {
    for (let slice = waiting.shift(); slice; slice = waiting.shift()) {
      const { from, actions: some } = slice;
      const call = callOf(some[0] as Action<N>, from);
      const part = many ? `${title}: ${from + 1} to ${from + some.length}` : title;
      const found = await carryOutSlice(some, { ...call, title: part });
      found.forEach((outcome, index) => (outcomes[from + index] = outcome));
    }
  };
  await CancellationScope.cancellable(async () => {
    const lanes = Array.from({ length: slices.inFlight }, lane);
    try {
      await Promise.all(lanes);
    } catch (error) {
      waiting.length = 0;
      CancellationScope.current().cancel();
      await Promise.allSettled(lanes);
      throw error;
    }
  });
  return outcomes;
}

/** `3 of 1000 failed`; empty if none has. */
export function failedNote(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter((outcome) => 'failure' in outcome).length;
  return failed > 0 ? `${failed} of ${outcomes.length} failed` : '';
}

async function carryOutSlice<N extends ReadName>(
  actions: readonly Action<N>[],
  call: Call,
): Promise<readonly Outcome<OutputOf<N>>[]> {
  const { action } = actions[0] as Action<N>;
  const profile: Profile = profiles[definitionOf(action).profile];
  const activities = proxyActivities<EachActivities>({
    ...activityOptions(profile, sliceSeconds(actions, profile)),
    summary: summary(call.title),
  });
  const carry = activities[eachOf(action)] as unknown as (
    inputs: readonly InputOf<N>[],
    call: Call,
  ) => Promise<readonly Outcome<OutputOf<N>>[]>;
  return await carry(
    actions.map(({ input }) => input),
    call,
  );
}

/** A slice whose looks all take as long as they may, on a worker that has all the slices under way. */
function sliceSeconds(actions: readonly Action[], { retry }: Profile): number {
  const one = Math.max(...actions.map(startToCloseSeconds)) + retry.maximum;
  const rounds = Math.ceil((actions.length * slices.inFlight) / looks.sideBySide);
  return rounds * looks.attempts * one;
}

function cut<N extends ReadName>(actions: readonly Action<N>[]): Slice<N>[] {
  const cut: { from: number; actions: Action<N>[]; bytes: number }[] = [];
  for (const [place, action] of actions.entries()) {
    const bytes = JSON.stringify(action.input).length;
    const last = cut.at(-1);
    if (last && last.actions.length < slices.most && last.bytes + bytes <= slices.mostInputBytes) {
      last.actions.push(action);
      last.bytes += bytes;
    } else cut.push({ from: place, actions: [action], bytes });
  }
  return cut;
}
