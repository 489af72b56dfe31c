import { act } from '../contract/actions';
import { type DatabaseRef } from '../contract/site';
import { type Bracket } from '../kit/bracket';

/** The database serves data that is still to be proved: it is stopped again unless that was committed. */
export function databaseServing(database: DatabaseRef): Bracket<'readDatabase', 'startDatabase', 'stopDatabase'> {
  return {
    title: `The database on ${database.host.name} serves what is to be proved`,
    read: act.readDatabase({ database }),
    enter: () => ({
      open: act.startDatabase({ database }),
      close: act.stopDatabase({ database, withinSeconds: database.stopSeconds }),
    }),
  };
}
