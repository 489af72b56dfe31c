import { prelude } from '../../copy/scripts/prelude';
import { snapshotPlace } from './snapshot-place';

/**
 * Makes a directory hold a backup that the engine makes while it serves.
 *
 * Argument: our own directory in that directory, which is there already. Before it stand the functions of `shareFiles`
 * and of the engine, see `OnlineBackup.functions`.
 *
 * Whoever reads the directory waits for this job to succeed: it may be killed anywhere, and run again it begins anew.
 */
export const backUpOnline = (functions: string) => `${prelude}${functions}${snapshotPlace}
# Names, each with a NUL after it, in the file $1: from the store, while it may change and lose them.
copy_files() {
  rm -f "$JOB_DIR/failed"
  {
    (cd "$store" && tar --create --file=- --no-recursion --ignore-failed-read --null --no-unquote --files-from="$1") ||
      [ $? -eq 1 ] || echo read > "$JOB_DIR/failed"
  } | meter "$total" copying |
    tar --extract --preserve-permissions --numeric-owner --file=- -C "$snapshot" || echo write > "$JOB_DIR/failed"
  [ ! -e "$JOB_DIR/failed" ] ||
    die "the backup could not be written; $(df -h --output=avail "$snapshot" | tail -n 1 | tr -d ' ') are free beside the store. The reason stands above"
}

enter_snapshot
empty_snapshot
total=$(find_others -type f -printf '%s\\n' 2> /dev/null | awk '{ sum += $1 } END { printf "%.0f", sum }')
rows=null
online_backup
sync -f "$snapshot"
read -r files bytes << END
$(find "$snapshot" -path "$work" -prune -o -type f -printf '%s\\n' | awk '{ sum += $1 } END { printf "%.0f %.0f\\n", NR, sum }')
END
result "{\\"files\\":$files,\\"bytes\\":$bytes,\\"rows\\":$rows,\\"asOf\\":\\"$as_of\\",\\"tookMs\\":$(took)}"
`;
