import { type Implementations } from '../implementation';
import { applicationAction } from './application';
import { asideActions } from './aside';
import { targetAction } from './check-target';
import { type RestoreDependencies } from './dependencies';
import { rowsAction } from './rows';
import { stagingActions } from './staging';
import { swapActions } from './swap';

export { type RestoreDependencies } from './dependencies';

type RestoreActions =
  | 'checkRestoreTarget'
  | 'unpackArchive'
  | 'readRows'
  | 'fetchStore'
  | 'copyAside'
  | 'readSwap'
  | 'swapStore'
  | 'returnStore'
  | 'keepAside'
  | 'listAside'
  | 'removeAside'
  | 'checkApplication';

/** The actions from an archive to a database that serves it, and back. */
export function restoreActions(dependencies: RestoreDependencies): Pick<Implementations, RestoreActions> {
  return {
    ...targetAction(dependencies),
    ...stagingActions(dependencies),
    ...rowsAction(dependencies),
    ...swapActions(dependencies),
    ...asideActions(dependencies),
    ...applicationAction(dependencies),
  };
}
