import { archiveFunctions } from '../../copy/scripts/archive';
import { prelude } from '../../copy/scripts/prelude';

/**
 * Proves an archive against its manifest and unpacks it into `restored/` of the workplace: `store` and its `sums`.
 *
 * Arguments: workplace, archive, its SHA-256, the SHA-256 of its sums, bytes of the store. Run again, it begins anew:
 * `restored` appears when it is whole.
 */
export const unpackArchive = `${prelude}
archive=$2
sha256=$3
sums_sha256=$4
store_bytes=$5
enter_workplace
verdict='Restore another one; see: runbook backups'
${archiveFunctions}
chmod -R u+rwX restored restored.new 2> /dev/null || :
rm -rf restored restored.new

free=$(df -B1 --output=avail . | tail -n 1 | tr -d ' ')
wanted=$((store_bytes + store_bytes / 20 + 100000000))
[ "$free" -ge "$wanted" ] ||
  die "$free bytes are free at $work, wanted $wanted to unpack $name. Make room on the volume"
check_archive
mkdir -p restored.new/store
unpack_archive restored.new/store
compare_files restored.new/store
cp "$archive.sha256sums" restored.new/sums
mv restored.new restored

files=$(wc -l < restored/sums)
bytes=$(find restored/store -type f -printf '%s\\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
result "{\\"files\\":$files,\\"bytes\\":$bytes,\\"tookMs\\":$(took)}"
`;
