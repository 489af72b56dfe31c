import { type ActivityRecord } from './activities';

/**
 * How long production was down because of these activities: from the probe that saw the fallback page to the probe
 * that saw production, summed over every time it was.
 *
 * @param until end of a downtime that has not ended
 */
export function downtimeMs(activities: readonly ActivityRecord[], until: Date): number {
  let downSince: number | null = null;
  let total = 0;
  for (const { at, down } of turns(activities)) {
    if (down) downSince ??= at;
    else if (downSince !== null) {
      total += Math.max(0, at - downSince);
      downSince = null;
    }
  }
  return downSince === null ? total : total + Math.max(0, until.getTime() - downSince);
}

interface Turn {
  readonly at: number;
  readonly down: boolean;
}

function turns(activities: readonly ActivityRecord[]): readonly Turn[] {
  const seen = activities
    .filter(
      ({ action, state }) => state === 'done' && (action === 'takeProductionDown' || action === 'bringProductionUp'),
    )
    .map(({ action, output }) => ({
      at: Date.parse((output as { at: string }).at),
      changed: (output as { changed: boolean }).changed,
      down: action === 'takeProductionDown',
    }));
  // Taken down by a change whose answer was lost: all that is known is when it was begun, and that it had to be undone.
  const lost = activities
    .filter(({ action, state }) => action === 'takeProductionDown' && state !== 'done' && state !== 'skipped')
    .map(({ scheduledAt, startedAt }) => ({ at: Date.parse(startedAt ?? scheduledAt), down: true }))
    .filter(({ at }) => seen.some((turn) => !turn.down && turn.changed && turn.at > at));
  return [...seen, ...lost].sort((a, b) => a.at - b.at);
}
