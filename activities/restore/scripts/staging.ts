import { copying } from '../../copy/scripts/copy-store';
import { prelude } from '../../copy/scripts/prelude';

/**
 * What both ways to stage data end with: `$1`, whole, becomes `store` in the directory `$2`, on disk.
 *
 * It belongs to whom the present store `$present` belongs, so that the same server can open it.
 */
const publish = `
publish_store() {
  if [ -d "$present" ] && [ "$(id -u)" -eq 0 ]; then chown -R --reference="$present" "$1"; fi
  sync -f "$1"
  mv -T "$1" "$2/store"
  sync "$2"
}
`;

/**
 * Brings what was unpacked on the backup host to the database host, and compares every file with the archive's sums here.
 *
 * Arguments: directory for the copy, in the stage; `cold`; ssh configuration; the present store. Leaves `store` in the
 * stage. Killed and run again, it fetches only what has not come yet.
 */
export const fetchStore = `${prelude}
source='the backup host'
present=$4
stage=\${work%/*}
[ -d "$stage" ] || die "there is no $stage: was it removed?"
mkdir -p "$work"
if [ -e "$stage/store" ]; then mkdir -p "$work/store" && mv -T "$stage/store" "$work/store/store"; fi
${copying}
${publish}
progress 0 1 items 'comparing every file'
bad=$(cd store/store && sha256sum --check --quiet --strict ../sums 2> /dev/null | head -n 1) || :
[ -z "$bad" ] || die "$bad after it was copied here: nothing of it is used. Look at this host's disk"
count=$(find store/store -type f | wc -l)
[ "$count" -eq "$(wc -l < store/sums)" ] || die "$count files came here, the archive's sums name $(wc -l < store/sums): nothing of it is used"
bytes=$((bytes - $(stat -c %s store/sums)))
publish_store store/store "$stage"
result "{\\"files\\":$count,\\"bytes\\":$bytes,\\"copiedFiles\\":$fetch,\\"copiedBytes\\":$fetch_bytes,\\"tookMs\\":$(took)}"
`;

/**
 * Copies data that is kept aside to `store` in the stage, by reference where the file system can.
 *
 * Arguments: stage, directory beside the store, name, the present store. Run again, it begins anew. The data cannot be
 * removed meanwhile.
 */
export const copyAside = `${prelude}
beside=$2
aside=$2/aside/$3
present=$4
enter_workplace
${publish}
exec 8>> "$beside/lock"
flock -s -w 20 8 || die "the data beside the store is being moved by another process; see: fuser -v $beside/lock"
[ "$(readlink "$aside/state")" = kept ] ||
  die "no data is kept as $3 here: it was removed, or never kept. See: runbook backups"
[ -n "$(find "$aside/store" -mindepth 1 -print -quit)" ] || die "nothing was moved aside as $3: there was no data then"

files=$(find "$aside/store" -type f | wc -l)
bytes=$(find "$aside/store" -type f -printf '%s\\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
chmod -R u+rwX store store.new 2> /dev/null || :
rm -rf store store.new
progress 0 "$bytes" bytes copying
while sleep 1 && kill -0 $$; do
  [ -d store.new ] && progress "$(du -sb store.new | cut -f 1)" "$bytes" bytes copying
done < /dev/null > /dev/null 2>&1 8>&- 9>&- &
watcher=$!
trap 'kill "$watcher" 2> /dev/null || :' EXIT
cp -a --reflink=auto "$aside/store" store.new || die "$3 could not be copied; $(df -h --output=avail . | tail -n 1 | tr -d ' ') are free. The reason stands above"
publish_store store.new "$work"
result "{\\"files\\":$files,\\"bytes\\":$bytes,\\"copiedFiles\\":$files,\\"copiedBytes\\":$bytes,\\"tookMs\\":$(took)}"
`;
