import { archiveFunctions } from './archive';
import { prelude } from './prelude';
import { scratchPlace } from './scratch';

/**
 * Proves an archive: checksum, every file, and a scratch database that holds the rows, and of these a sample as it was
 * when the archive was proved before; then says so beside it.
 *
 * Arguments: workplace, archive, its SHA-256, the SHA-256 of its sums, marker row (or empty), then `table=rows` each.
 * Before it stand the engine's functions, see `DatabaseEngine.scratch`.
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
# Sampled rows are compared with those of an earlier read-back by the same program: another one may write them otherwise.
sample="\\"program\\":\\"$(scratch_query "$scratch_database" 'select version()' | $digest | cut -c 1-64)\\""
earlier=$(sed -n 's/.*"sample":{\\([^}]*\\)}.*/\\1/p' "$archive.verified.json" 2> /dev/null) || :
case $earlier in "$sample",*) ;; *) earlier= ;; esac
for expected; do
  table=\${expected%%=*}
  scratch_rows "$table" > "$scratch/rows" || bad "table $table of $name cannot be read: $(tail -n 1 "$scratch/error")"
  sampled="\\"$table\\":\\"$(sha256_of "$scratch/rows")\\""
  case ,$earlier, in
  ,, | *,"$sampled",*) ;;
  *) bad "rows of table $table of $name are not those that were read when it was verified before" ;;
  esac
  sample="$sample,$sampled"
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
printf '{"name":"%s","sha256":"%s","verifiedAt":"%s","rows":%s,"sample":{%s}}\\n' "$name" "$sha256" "$verified_at" "$rows" "$sample" > verified
sync verified
mv verified "$archive.verified.json"
sync "\${archive%/*}"
result "{\\"verifiedAt\\":\\"$verified_at\\",\\"rows\\":$rows,\\"tookMs\\":$(took)}"
`;
