import { act } from '../contract/actions';
import { type Pull } from '../contract/actions/copy';
import { type Bracket } from '../kit/bracket';

/** The backup host may read the store, under a key of this run. A key that was left behind is replaced, and removed. */
export function pullAuthorized(pull: Pull): Bracket<'readPull', 'authorizePull', 'revokePull'> {
  return {
    title: `${pull.workplace.host.name} may read the store on ${pull.database.host.name}`,
    read: act.readPull({ pull }),
    enter: () => ({ open: act.authorizePull({ pull }), close: act.revokePull({ pull }) }),
  };
}
