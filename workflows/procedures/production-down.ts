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

/** Where a runbook differs from what most want. */
interface How {
  /**
   * `any`: production that was found down stays down. One that serves nothing gets its address back as it was, unless
   * the runbook commits to bring it up. @default refused
   */
  readonly found?: 'any';
  /** @default the site's `limits.maxDowntimeSeconds` */
  readonly limitSeconds?: number;
}

/**
 * Production is down, its fallback page answers. Refused where production was found down: that is somebody's maintenance.
 *
 * @param why written at the public address, for whoever finds production down
 * @param times filled in as the probes see production go and come back; left empty where it stays down
 */
export function productionDown(
  site: Site,
  why: string,
  times: DownTimes,
  { found: accepted, limitSeconds = site.limits.maxDowntimeSeconds }: How = {},
): Bracket<'readProduction', 'takeProductionDown', 'bringProductionUp'> {
  const { production } = site;
  return {
    title: 'Production is down',
    read: act.readProduction({ production }),
    enter: (found) => {
      if (accepted === 'any') {
        if (isTakenDown(site, found)) return 'as found';
        requireFallback(site, found);
      } else requireProduction(site, found);
      return {
        open: act.takeProductionDown({ production, note: why.slice(0, 255) }),
        close: act.bringProductionUp({ production, ...(found.serving === 'nothing' ? { unseen: true } : {}) }),
        limitSeconds,
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
  const { serving, note, at } = found;
  if (serving !== 'production') {
    const who = note ? ` (${note})` : at === production.up.server ? '' : `; the address is at ${at ?? 'no server'}`;
    throw fail(
      'PreconditionFailed',
      `production of ${name} serves ${serving}, wanted production: somebody has taken it down or it is broken${who}. ` +
        `Left as it was. When that is over: runbook run production --site ${name} --set action=up`,
      { target: `production/${production.floatingIp}` },
    );
  }
  requireFallback({ production, name }, found);
}

/** Whether somebody has moved the public address away from production: a page that is broken there is not taken down. */
export function isTakenDown({ production }: Site, { serving, at }: OutputOf<'readProduction'>): boolean {
  return serving === 'fallback' || (serving === 'nothing' && at !== production.up.server);
}

function requireFallback(
  { production, name }: Pick<Site, 'production' | 'name'>,
  { fallbackAnswers }: OutputOf<'readProduction'>,
): void {
  if (!fallbackAnswers) {
    throw fail(
      'PreconditionFailed',
      `the fallback page of ${name} does not answer at ${production.down.check} with status ${production.down.status} ` +
        `and title “${production.down.title}”; nothing was touched. Repair it on ${production.down.server} first`,
      { target: `server/${production.down.server}` },
    );
  }
}
