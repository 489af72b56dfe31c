import { badArchive } from '../../../workflows/contract/actions/copy';

/**
 * What it takes to have an archive's files, as shell functions: used with `prelude`, by whoever proves or restores one.
 *
 * They read `archive` (its path), `sha256` and `sums_sha256` (of its manifest), and `verdict` (what it means if it is
 * not what the manifest says), and end the program with a sentence when it is not: `bad`, with an exit code of its own.
 */
export const archiveFunctions = `
name=\${archive##*/}

bad() {
  printf '%s. %s\\n' "$1" "$verdict" >&2
  exit ${badArchive}
}

# Whether the archive and its sums are those of the manifest.
check_archive() {
  [ -e "$archive" ] || die "there is no $archive"
  actual=$(meter "$(stat -c %s "$archive")" 'checking the archive' < "$archive" | $digest | cut -c 1-64)
  [ "$actual" = "$sha256" ] || bad "$name is damaged: its SHA-256 is $actual, its manifest says $sha256"
  [ -e "$archive.sha256sums" ] && [ "$(sha256_of "$archive.sha256sums")" = "$sums_sha256" ] ||
    bad "$name.sha256sums is not the one the manifest names"
}

# Into the directory $1, with the modes of the archive: the umask is for what is not in it.
unpack_archive() {
  rm -f "$JOB_DIR/failed"
  case $archive in
  *.zst) decompress='zstd -d -q -c' ;;
  *) decompress='gzip -d -c' ;;
  esac
  meter "$(stat -c %s "$archive")" 'unpacking' < "$archive" | {
    $decompress || echo unpack >> "$JOB_DIR/failed"
  } | {
    tar --extract --preserve-permissions --no-same-owner --file=- -C "$1" || echo tar >> "$JOB_DIR/failed"
    # tar stops at the mark of the end: the one before it would die of the padding behind it, which nobody reads.
    cat > /dev/null
  }
  [ ! -e "$JOB_DIR/failed" ] ||
    die "$name could not be unpacked; $(df -h --output=avail . | tail -n 1 | tr -d ' ') are free on the volume. The reason stands above"
}

# Every file of the directory $1 is one of the sums, and the other way round. $2: the sums, if not beside the archive.
compare_files() {
  progress 0 1 items 'comparing every file'
  sums=\${2:-$archive.sha256sums}
  differing=$(cd "$1" && sha256sum --check --quiet --strict "$sums" 2> /dev/null | head -n 1) || :
  [ -z "$differing" ] || bad "$name: $differing after unpacking"
  [ "$(find "$1" -type f | wc -l)" -eq "$(wc -l < "$sums")" ] || bad "$name holds other files than its sums name"
}
`;
