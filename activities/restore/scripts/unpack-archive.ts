import { archiveFunctions } from '../../copy/scripts/archive';
import { prelude } from '../../copy/scripts/prelude';
import { scratchPlace } from '../../copy/scripts/scratch';

/** What makes a store of an engine's own backup, as shell. */
export interface StoreMaker {
  /** See `DatabaseEngine.scratch`. */
  readonly scratch: string;
  /** Removes what belongs to the running process, from the store that is the working directory. */
  readonly removeLeftOut: string;
}

/**
 * Proves an archive against its manifest and unpacks it into `restored/` of the workplace: `store` and its `sums`. Of an
 * archive that holds an engine's own backup, a store is made there.
 *
 * Arguments: workplace, archive, its SHA-256, the SHA-256 of its sums, bytes of the store. Run again, it begins anew:
 * `restored` appears when it is whole.
 */
export const unpackArchive = (maker: StoreMaker | null = null) => `${prelude}
archive=$2
sha256=$3
sums_sha256=$4
store_bytes=$5
enter_workplace
verdict='Restore another one; see: runbook backups'
${archiveFunctions}
${maker === null ? '' : scratchPlace(maker.scratch)}
chmod -R u+rwX restored restored.new 2> /dev/null || :
rm -rf restored restored.new

free=$(df -B1 --output=avail . | tail -n 1 | tr -d ' ')
wanted=$((store_bytes + store_bytes / 20 + 100000000))
[ "$free" -ge "$wanted" ] ||
  die "$free bytes are free at $work, wanted $wanted to unpack $name. Make room on the volume"
check_archive
mkdir restored.new
${
  maker === null
    ? `mkdir restored.new/store
unpack_archive restored.new/store
compare_files restored.new/store
cp "$archive.sha256sums" restored.new/sums`
    : `mkdir "$scratch/backup"
unpack_archive "$scratch/backup"
compare_files "$scratch/backup"
restore_scratch "$scratch/backup" "$scratch/store"
(cd "$scratch/store" && ${maker.removeLeftOut})
mv "$scratch/store" restored.new/store
(cd restored.new/store && find . -type f -print0 | xargs -0 -r sha256sum) > restored.new/sums`
}
mv restored.new restored

files=$(wc -l < restored/sums)
bytes=$(find restored/store -type f -printf '%s\\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
result "{\\"files\\":$files,\\"bytes\\":$bytes,\\"tookMs\\":$(took)}"
`;
