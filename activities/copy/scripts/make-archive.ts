import { prelude } from './prelude';

/**
 * Reads the copy again and compares it with its digests, then makes the archive and what lies beside it.
 *
 * Arguments: workplace, directory of the archives, name without suffix, facts for the manifest as a JSON object.
 *
 * Each piece is written under a partial name in the workplace, flushed and renamed; the manifest comes last: an archive
 * without one is not a backup. Run again, it goes on behind the finished pieces.
 */
export const makeArchive = `${prelude}
directory=$2
facts=$4
enter_workplace
mkdir -p "$directory"
if command -v zstd > /dev/null; then
  suffix=tar.zst
  compress() { zstd -q -T0 -3 -c; }
else
  suffix=tar.gz
  compress() { gzip -1 -c; }
fi
archive=$3.$suffix
final=$directory/$archive

if [ -e "$final.manifest.json" ] && [ -e archive.result ]; then
  result "$(cat archive.result)"
  exit 0
fi

# $1 is whole: give it the name it keeps.
publish() {
  sync "$1"
  mv "$1" "$2"
  sync "$directory"
}

sort -t / -k 2 files > sorted
cut -d / -f 2- sorted > names
cut -d ' ' -f 1 sorted > expected
count=$(wc -l < names)
bytes=$(find store -type f -printf '%s\\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')

compare_copy() {
  find store -type f -printf '%P\\n' | sort > present
  odd=$(sort names | comm -3 present - | head -n 1 | tr -d '\\t')
  [ -z "$odd" ] || die "the copy is not what was recorded: $odd was added or is missing"
  (cd store && each_name $digest < ../names) | sed 's/^\\\\//' | awk -v total="$count" -v to="$JOB_DIR/progress" '
    { print substr($0, 1, 64) }
    NR % 50 == 0 { print NR, total, "items comparing the copy" > to; close(to) }
  ' > actual
  [ "$(wc -l < actual)" -eq "$count" ] || die 'the copy could not be read again; the reason stands above'
  differing=$(paste -d ' ' expected actual | paste -d / - names | awk '{ at = index($0, "/"); if (substr($0, 1, 64) != substr($0, 66, at - 66)) { print substr($0, at + 1); exit } }')
  [ -z "$differing" ] || die "$differing differs from what was read on the database host: this copy is no backup. Look at the volume's disk"
}

# Run by tar after every 64 MiB: says how far it is, and costs less than a meter in the stream.
export JOB_DIR bytes
passed='passed=$((TAR_CHECKPOINT * 65536))
if [ "$passed" -gt "$bytes" ]; then passed=$bytes; fi
printf "%s\\n" "$passed $bytes bytes archiving" > "$JOB_DIR/progress.new"
mv "$JOB_DIR/progress.new" "$JOB_DIR/progress"'

pack() {
  rm -f "$JOB_DIR/failed"
  {
    tar -C store --sort=name --numeric-owner --blocking-factor=128 --checkpoint=1024 --checkpoint-action=exec="$passed" \\
      --create --file=- . || echo tar >> "$JOB_DIR/failed"
  } | {
    compress || echo compress >> "$JOB_DIR/failed"
  } | {
    tee archive.partial || echo write >> "$JOB_DIR/failed"
  } | $digest > archive.digest || echo digest >> "$JOB_DIR/failed"
  if [ -e "$JOB_DIR/failed" ]; then
    rm -f archive.partial
    die "the archive could not be written; $(df -h --output=avail . | tail -n 1 | tr -d ' ') are free on the volume. The reason stands above"
  fi
  cut -c 1-64 archive.digest > archive.sha256.new
  mv archive.sha256.new archive.sha256
  publish archive.partial "$final"
}

if [ ! -e "$final" ] || [ ! -e archive.sha256 ]; then
  compare_copy
  pack
fi
sha256=$(cat archive.sha256)
archive_bytes=$(stat -c %s "$final")

# As sha256sum writes them, so that anybody can check an unpacked archive with sha256sum -c.
paste -d / expected names | sed 's|/|  |; /\\\\/{s/\\\\/&&/g; s/^/\\\\/;}' > sums
sums_sha256=$(sha256_of sums)
publish sums "$final.sha256sums"

printf '%s,"kind":"archive","name":"%s","createdAt":"%s","bytes":%s,"sha256":"%s","sumsSha256":"%s","files":%s,"storeBytes":%s,"tookMs":%s}\\n' \\
  "\${facts%\\}}" "$archive" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$archive_bytes" "$sha256" "$sums_sha256" "$count" "$bytes" "$(took)" > manifest
manifest_sha256=$(sha256_of manifest)
printf '{"archive":"%s","bytes":%s,"sha256":"%s","manifestSha256":"%s","tookMs":%s}\\n' \\
  "$archive" "$archive_bytes" "$sha256" "$manifest_sha256" "$(took)" > archive.result.new
mv archive.result.new archive.result
publish manifest "$final.manifest.json"
result "$(cat archive.result)"
`;
