import { archiveFunctions } from './archive';
import { prelude } from './prelude';
import { scratchPlace } from './scratch';

/**
 * Proves an archive: checksum, every file, and a scratch database that holds the rows; then says so beside it.
 *
 * Arguments: workplace, archive, its SHA-256, the SHA-256 of its sums, marker row (or empty), then `table=rows` each.
 * Before it stand the engine's functions, see `DatabaseEngine.scratch`.
 * See `scratchPlace` for what is left of it.
 */
export const readBack = (scratchFunctions: string, form: 'store' | 'backup' = 'store') => `${prelude}
archive=$2
sha256=$3
sums_sha256=$4
marker=$5
shift 5
enter_workplace
verdict='This archive is no backup'
${archiveFunctions}
${scratchPlace(scratchFunctions)}
check_archive
${
  form === 'store'
    ? `unpack_archive "$scratch/store"
compare_files "$scratch/store"`
    : `mkdir "$scratch/backup"
unpack_archive "$scratch/backup"
compare_files "$scratch/backup"
restore_scratch "$scratch/backup" "$scratch/store"`
}

progress 0 1 items 'starting a scratch database'
scratch_start "$scratch/store" || bad "the scratch database did not start on what $name holds: $(tail -n 3 "$scratch/log" | tr '\\n' ' ')"
rows=
for expected; do
  table=\${expected%%=*}
  count=$(scratch_count "$table") || bad "table $table of $name cannot be read: $(tail -n 1 "$scratch/error")"
  [ "$count" = "\${expected#*=}" ] || bad "table $table of $name has $count rows, the manifest says \${expected#*=}"
  rows="$rows\${rows:+,}\\"$table\\":$count"
done
if [ -n "$marker" ]; then
  scratch_has_marker "$marker" || bad "$name does not hold the marker row $marker"
fi
if [ $# -gt 0 ]; then rows="{$rows}"; else rows=null; fi

clean_up
trap - EXIT
verified_at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
printf '{"name":"%s","sha256":"%s","verifiedAt":"%s","rows":%s}\\n' "$name" "$sha256" "$verified_at" "$rows" > verified
sync verified
mv verified "$archive.verified.json"
sync "\${archive%/*}"
result "{\\"verifiedAt\\":\\"$verified_at\\",\\"rows\\":$rows,\\"tookMs\\":$(took)}"
`;
