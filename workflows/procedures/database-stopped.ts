import { act, type OutputOf } from '../contract/actions';
import { type DatabaseRef } from '../contract/site';
import { type Bracket } from '../kit/bracket';
import { fail } from '../kit/failures';

/** Where a runbook differs from what most want. */
interface How {
  /** `any`: it may be down or damaged; it is started all the same afterwards. @default healthy */
  readonly found?: 'healthy' | 'any';
  /** What somebody has seen who has looked already. @default it is looked at */
  readonly seen?: OutputOf<'readDatabase'>;
}

/** What became of a stop. */
export interface Stop {
  forced: boolean;
  /** A moment at which it was stopped; null where it cannot look back to that. */
  at: string | null;
}

/**
 * The database is stopped. Refused where it was found stopped: that is somebody's maintenance.
 *
 * @param stop told how it was stopped
 */
export function databaseStopped(
  database: DatabaseRef,
  stop: Stop,
  { found = 'healthy', seen: earlier }: How = {},
): Bracket<'readDatabase', 'stopDatabase', 'startDatabase'> {
  return {
    title: `The database on ${database.host.name} is stopped`,
    read: earlier ? { seen: earlier } : act.readDatabase({ database }),
    enter: (seen) => {
      if (found === 'healthy') requireHealthy(database, seen);
      return {
        open: act.stopDatabase({ database, withinSeconds: database.stopSeconds }),
        close: act.startDatabase({ database }),
      };
    },
    opened: ({ forced, stoppedAt }) => {
      stop.forced = forced;
      stop.at = stoppedAt;
    },
  };
}

/** Refuses to go on unless the database runs and is healthy. */
export function requireHealthy({ host, spec }: DatabaseRef, found: OutputOf<'readDatabase'>): void {
  const { running, healthy, storeBytes } = found;
  if (running && healthy) return;
  const store = storeBytes > 0 ? '' : `; there is no ${spec.store}: is the site file right?`;
  throw fail(
    'PreconditionFailed',
    `the ${spec.engine} database on ${host.name} is ${running ? 'running but not healthy' : 'stopped'}, wanted it running ` +
      `and healthy; left as it was. Look at it on ${host.name}${store}`,
    { target: `database/${host.name}` },
  );
}
