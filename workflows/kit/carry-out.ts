import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import { type Action, type ActionName, definitionOf, type InputOf, type OutputOf } from '../contract/actions';
import { type ActionActivities, type Call, type DescribeActivity, type Description } from '../contract/calls';
import { type CompanionActivities } from '../contract/companions';
import { type Profile, type ProfileName, profiles } from '../contract/profiles';

interface How {
  /** @default the action's own */
  readonly profile?: ProfileName;
  /** @default the queue of the workflow that calls */
  readonly taskQueue?: string;
  /** All attempts together, instead of the profile's. */
  readonly scheduleToCloseSeconds?: number;
}

/** One attempt of this action may take this long, in seconds. */
export function startToCloseSeconds({ action, input }: Action): number {
  const definition = definitionOf(action);
  return definition.startToCloseSeconds?.(input) ?? profiles[definition.profile].startToClose;
}

/** Carries an action out as one activity of its name, with its profile's times and retries and its title as summary. */
export async function carryOut<N extends ActionName>(
  action: Action<N>,
  call: Call,
  how: How = {},
): Promise<OutputOf<N>> {
  const definition = definitionOf(action.action);
  const activities = proxyActivities<ActionActivities>({
    ...activityOptions(profiles[how.profile ?? definition.profile], startToCloseSeconds(action)),
    summary: summary(call.title),
    ...(how.taskQueue ? { taskQueue: how.taskQueue } : {}),
    ...(how.scheduleToCloseSeconds ? { scheduleToCloseTimeout: how.scheduleToCloseSeconds * 1000 } : {}),
  });
  const carry = activities[action.action] as (input: InputOf<N>, call: Call) => Promise<OutputOf<N>>;
  return await carry(action.input, call);
}

/** Finds out what an action would do, doing nothing. */
export async function describe<N extends ActionName>(action: Action<N>, call: Call): Promise<Description<OutputOf<N>>> {
  const { describeAction } = proxyActivities<DescribeActivity>({
    ...activityOptions(profiles.probe, profiles.probe.startToClose),
    summary: summary(`Describe: ${call.title}`),
  });
  return await describeAction(action.action, action.input, call);
}

/** The activities of runs and their companions that are no actions. */
export const ask = proxyActivities<Omit<CompanionActivities, 'awaitEnd'>>(
  activityOptions({ ...profiles.probe, scheduleToClose: undefined }, profiles.probe.startToClose),
);

/** Watches for as long as it takes; see `CompanionActivities.awaitEnd`. */
export const watch = proxyActivities<Pick<CompanionActivities, 'awaitEnd'>>({
  ...activityOptions({ ...profiles.cleanup, heartbeat: 10 }, 10 * 365 * 86_400),
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** Times and retries of a profile, as Temporal wants them. */
export function activityOptions(profile: Profile, startToClose: number): ActivityOptions {
  const { retry } = profile;
  return {
    startToCloseTimeout: startToClose * 1000,
    ...(profile.scheduleToClose === undefined
      ? {}
      : { scheduleToCloseTimeout: Math.max(profile.scheduleToClose, 2 * startToClose) * 1000 }),
    heartbeatTimeout: profile.heartbeat * 1000,
    // A change that was cancelled may still land; whoever closes after it must not look too early.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: retry.initial * 1000,
      backoffCoefficient: retry.backoff,
      maximumInterval: retry.maximum * 1000,
      ...(retry.attempts === undefined ? {} : { maximumAttempts: retry.attempts }),
      nonRetryableErrorTypes: [...retry.not],
    },
  };
}

/** The server refuses summaries of more than 200 bytes. */
export function summary(title: string): string {
  return title.length <= 180 ? title : `${title.slice(0, 179)}…`;
}
