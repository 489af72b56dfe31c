/**
 * What the programs of a backup have in common. POSIX sh with GNU find, tar, xargs and coreutils.
 *
 * A program gets its workplace as first argument, says how far it is in `$JOB_DIR/progress` and leaves its result as
 * JSON in `$JOB_DIR/result`. When it fails, the last line on stderr is for people.
 */
export const prelude = `set -eu
umask 077
export LC_ALL=C

work=$1
JOB_DIR=\${JOB_DIR:-$work}
started=$(date +%s%3N)

die() {
  printf '%s\\n' "$1" >&2
  exit 1
}

# One program at a time, and none beside what an ended one has left running.
enter_workplace() {
  cd "$work" || die "there is no $work: is the volume mounted?"
  exec 9> lock
  flock -w 10 9 || die "another process works in $work; see: fuser -v $work/lock"
}

# "done total unit note"
progress() {
  printf '%s\\n' "$1 $2 $3 $4" > "$JOB_DIR/progress.new"
  mv "$JOB_DIR/progress.new" "$JOB_DIR/progress"
}

# Passes a stream of about $1 bytes on, and says once a second how far it is.
meter() {
  : > "$work/meter"
  while sleep 1 && kill -0 $$; do
    passed=$(tail -c 200 "$work/meter" | tr '\\r' '\\n' | sed -n 's/^\\([0-9][0-9]*\\) bytes.*/\\1/p' | tail -n 1)
    if [ "\${passed:-0}" -gt "$1" ]; then passed=$1; fi
    progress "\${passed:-0}" "$1" bytes "$2"
  done < /dev/null > /dev/null 2>&1 9>&- &
  watcher=$!
  status=0
  dd bs=1M iflag=fullblock status=progress 2> "$work/meter" || status=$?
  kill "$watcher" || :
  return "$status"
}

result() {
  printf '%s\\n' "$1" > "$JOB_DIR/result.new"
  mv "$JOB_DIR/result.new" "$JOB_DIR/result"
}

took() {
  echo $(($(date +%s%3N) - started))
}

# openssl is about four times as fast as coreutils.
if command -v openssl > /dev/null; then digest='openssl dgst -sha256 -r'; else digest=sha256sum; fi

sha256_of() {
  $digest < "$1" | cut -c 1-64
}

# Names, one a line, from standard input, relative to here: as arguments to a command.
each_name() {
  sed 's|^|./|' | tr '\\n' '\\0' | xargs -0 -r "$@"
}
`;
