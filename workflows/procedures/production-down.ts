import { act, type OutputOf } from '../contract/actions';
import { type Site } from '../contract/resolve-site';
import { type Bracket } from '../kit/bracket';
import { fail } from '../kit/failures';

/** When probes of the public address saw it change. */
export interface DownTimes {
  downAt: string;
  upAt: string;
}

/** Time between the two probes. */
export function downtimeMs({ downAt, upAt }: DownTimes): number {
  return Date.parse(upAt) - Date.parse(downAt);
}

/**
 * Production is down, its fallback page answers. Refused where production was found down: that is somebody's maintenance.
 *
 * @param why written at the public address, for whoever finds production down
 * @param times filled in as the probes see production go and come back
 */
export function productionDown(
  site: Site,
  why: string,
  times: DownTimes,
): Bracket<'readProduction', 'takeProductionDown', 'bringProductionUp'> {
  const { production } = site;
  return {
    title: 'Production is down',
    read: act.readProduction({ production }),
    enter: (found) => {
      requireProduction(site, found);
      return {
        open: act.takeProductionDown({ production, note: why.slice(0, 255) }),
        close: act.bringProductionUp({ production }),
        limitSeconds: site.limits.maxDowntimeSeconds,
      };
    },
    announce: { opened: 'productionDown', closed: 'productionUp' },
    opened: ({ at }) => {
      times.downAt = at;
    },
    closed: ({ at }) => {
      times.upAt = at;
    },
  };
}

/** Refuses to go on unless production serves and its fallback page would. */
export function requireProduction({ production, name }: Site, found: OutputOf<'readProduction'>): void {
  const { serving, note, fallbackAnswers, at } = found;
  if (serving !== 'production') {
    const who = note ? ` (${note})` : at === production.up.server ? '' : `; the address is at ${at ?? 'no server'}`;
    throw fail(
      'PreconditionFailed',
      `production of ${name} serves ${serving}, wanted production: somebody has taken it down or it is broken${who}. ` +
        `Left as it was. When that is over: runbook run production --site ${name} --set action=up`,
      { target: `production/${production.floatingIp}` },
    );
  }
  if (!fallbackAnswers) {
    throw fail(
      'PreconditionFailed',
      `the fallback page of ${name} does not answer at ${production.down.check} with status ${production.down.status} ` +
        `and title “${production.down.title}”; nothing was touched. Repair it on ${production.down.server} first`,
      { target: `server/${production.down.server}` },
    );
  }
}
