import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, ExitCode } from '../exit';
import { durationText } from '../render/amounts';
import { unreachable } from '../temporal';
import { type Observation, type RunObserver } from './observer';
import { type Screen } from './screen';

const lookEveryMs = 400;
/** A guard that is still closing this long after its run has ended is reported as it is. */
const guardMayTakeMs = 30_000;
const outageMayTakeMs = 10 * 60_000;

/**
 * Shows a run until it has ended, and its guard with it. Outages of the server are sat out.
 *
 * @param until told of every observation; the first one it returns true for ends the following early
 * @throws exit code 3 if the server was away for ten minutes
 */
export async function follow(
  observer: RunObserver,
  screen: Screen,
  until: (observation: Observation) => boolean = () => false,
): Promise<Observation> {
  let awaySince: number | null = null;
  let endedSeenAt: number | null = null;
  try {
    for (;;) {
      try {
        const observation = await observer.look();
        if (awaySince !== null) screen.say(`Temporal answers again, after ${durationText(Date.now() - awaySince)}`);
        awaySince = null;
        screen.show(observation);
        const { status, guard } = observation.report;
        if (status !== 'running') endedSeenAt ??= Date.now();
        const guardIsDone = guard.status !== 'running' || Date.now() - (endedSeenAt ?? Infinity) > guardMayTakeMs;
        if (until(observation) || (status !== 'running' && guardIsDone)) return observation;
      } catch (error) {
        if (!unreachable(error)) throw error;
        if (awaySince === null)
          screen.say('Temporal cannot be reached; the run goes on when it is back. Trying again ...');
        awaySince ??= Date.now();
        if (Date.now() - awaySince > outageMayTakeMs)
          throw new CommandError(
            ExitCode.unreachable,
            `Temporal could not be reached for ${durationText(outageMayTakeMs)}`,
          );
      }
      await sleep(lookEveryMs);
    }
  } finally {
    screen.end();
  }
}
