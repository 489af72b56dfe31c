import { act } from '../contract/actions';
import { endsOfPull, type Pull } from '../contract/actions/copy';
import { type Bracket } from '../kit/bracket';

/** One host may read on the other, under a key of this run. A key that was left behind is replaced, and removed. */
export function pullAuthorized(pull: Pull): Bracket<'readPull', 'authorizePull', 'revokePull'> {
  const { reader, source, what } = endsOfPull(pull);
  return {
    title: `${reader.name} may read ${what} on ${source.name}`,
    read: act.readPull({ pull }),
    enter: () => ({ open: act.authorizePull({ pull }), close: act.revokePull({ pull }) }),
  };
}
