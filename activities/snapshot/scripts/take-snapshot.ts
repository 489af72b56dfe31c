import { prelude } from '../../copy/scripts/prelude';
import { snapshotPlace } from './snapshot-place';

/**
 * Makes a directory hold what the store holds now: files the way allows it for are shared, the rest is copied.
 *
 * Argument: our own directory in that directory, which is there already. Before it stand the functions of `shareFiles`
 * and `storeHolders`.
 *
 * Whoever reads the directory waits for this job to succeed: it may be killed anywhere, and run again it begins anew.
 * What it has copied is on disk when it ends; what it shares, the database has put there.
 */
export const takeSnapshot = (functions: string) => `${prelude}${functions}${snapshotPlace}
nobody_has_it() {
  holders=$(store_holders)
  [ -z "$holders" ] || die "$store is open in process $holders: no snapshot is taken of it. Stop the database first"
}

# $1: shared or others; sets files and bytes.
list() {
  "find_$1" -fprint0 "$JOB_DIR/$1" '(' ! -type f -o -printf '%s\\n' ')' > "$JOB_DIR/sizes" ||
    die "$store cannot be read; the reason stands above"
  read -r files bytes << END
$(awk '{ sum += $1 } END { printf "%.0f %.0f\\n", NR, sum }' "$JOB_DIR/sizes")
END
}

enter_snapshot
nobody_has_it
empty_snapshot

list shared
shared_files=$files shared_bytes=$bytes
list others
progress 0 "$bytes" bytes copying
cd "$store"
rm -f "$JOB_DIR/failed"
{
  tar --create --file=- --no-recursion --null --no-unquote --files-from="$JOB_DIR/others" || echo read > "$JOB_DIR/failed"
} | tar --extract --preserve-permissions --numeric-owner --file=- -C "$snapshot" || echo write > "$JOB_DIR/failed"
xargs -0 -r $share --parents -t "$snapshot" -- < "$JOB_DIR/shared" || echo share > "$JOB_DIR/failed"
[ ! -e "$JOB_DIR/failed" ] ||
  die "the snapshot could not be made; $(df -h --output=avail "$snapshot" | tail -n 1 | tr -d ' ') are free beside the store. The reason stands above"
# File by file it would take a hundred times as long.
sync -f "$snapshot"
nobody_has_it
result "{\\"sharedFiles\\":$shared_files,\\"sharedBytes\\":$shared_bytes,\\"copiedFiles\\":$files,\\"copiedBytes\\":$bytes,\\"tookMs\\":$(took)}"
`;
