import { besideInStore, type DatabaseEngine, pathsLike } from '../../database';
import { type InputOf } from '../../../workflows/contract/actions';
import { sh, type ShellText } from '../../ssh/shell';

/**
 * What of a store a snapshot shares with it and what it copies, as shell functions: `find_shared` and `find_others` take
 * the rest of find's words, and `$share` is the command that shares files.
 */
export function shareFiles(
  { store, leaveOut, immutable }: Pick<DatabaseEngine, 'store' | 'leaveOut' | 'immutable'>,
  way: InputOf<'checkStrategy'>['strategy'],
): ShellText {
  const left = pathsLike([besideInStore, ...leaveOut]);
  const { words: shared, share } = {
    checkpoint: { words: ['-type', 'f', ...pathsLike(immutable)], share: 'cp --link' },
    reflink: { words: ['-type', 'f'], share: 'cp --preserve=mode,ownership,timestamps --reflink=always' },
    native: { words: ['-false'], share: 'cp' },
  }[way];
  return sh`
store=${store}
share=${share}
find_kept() { (cd "$store" && find . ${left} -prune -o "$@"); }
find_shared() { find_kept ${shared} "$@"; }
find_others() { find_kept ! '(' ${shared} ')' "$@"; }
`;
}
