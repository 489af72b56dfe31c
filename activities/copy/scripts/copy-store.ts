import { prelude } from './prelude';

/**
 * Makes `store/` in the workplace equal to the directory that another host serves, fetching only what has changed.
 *
 * After `prelude`. Arguments: workplace, `ahead` or `cold`, ssh configuration with that host as `database`; `source` may
 * name it.
 *
 * Invariants, so that it may be killed anywhere and run again:
 * 1. A line in `files` (`<digest> <stamp>/<path>`) means: that file of the copy is whole, and the digest is of the bytes
 *    that came over the wire when the source had that stamp.
 * 2. `wanted` holds the stamps of the files being fetched, `fetched` the digests of those that are whole; together they
 *    become lines of `files`. A file being fetched has no line in `files`.
 * 3. A file that changed less than 2 s before it was listed might change again within its time stamp: its stamp is
 *    recorded as `racy`, which equals no other.
 *
 * Ahead, files may change and vanish meanwhile. Cold, they may not: the store is listed again afterwards.
 */
export const copying = `
mode=$2
case $3 in /*) config=$3 ;; *) config=$PWD/$3 ;; esac
source=\${source:-the database host}
enter_workplace
mkdir -p store
touch files

# 255 is ssh's own: not what was asked for has failed, but the connection.
remote() {
  ssh_status=0
  ssh -F "$config" database "$1" || ssh_status=$?
  if [ "$ssh_status" -eq 255 ]; then : > "$JOB_DIR/lost"; fi
  return "$ssh_status"
}

# One connection for all that is asked: to make one takes longer than most answers. Where there is none, each request
# makes its own, and says why it cannot.
connection=
connect() {
  disconnect
  rm -f "$JOB_DIR/connected"
  mkfifo "$JOB_DIR/connected"
  (cd / && exec ssh -F "$config" -M -N -o PermitLocalCommand=yes -o LocalCommand='echo yes' database) \
    < /dev/null > "$JOB_DIR/connected" 2> /dev/null 9>&- &
  connection=$!
  read -r _ < "$JOB_DIR/connected" || :
}

disconnect() {
  [ -z "$connection" ] || kill "$connection" 2> /dev/null || :
}
trap disconnect EXIT

list() {
  remote list > "$1" || die "$source did not list its store; the reason stands above"
  case $mode-$(tail -n 1 "$1") in
  *-end | ahead-incomplete) ;;
  *) die "the listing of the store is incomplete; the reason stands above" ;;
  esac
}

# wanted + fetched -> files (invariant 2). What a killed program has fetched counts.
absorb() {
  [ -e wanted ] || return 0
  touch fetched
  awk '
    { at = index($0, "/"); head = substr($0, 1, at - 1); path = substr($0, at + 1) }
    FILENAME == "fetched" { if (sub("/$", "", path)) digest[path] = head; next }
    FILENAME == "wanted" { if (path in digest) { print digest[path] " " head "/" path; fresh[path] } next }
    !(path in fresh)
  ' fetched wanted files > files.new
  mv files.new files
  rm -f fetched wanted
}

# What there is -> what to keep, to remove, to make and to fetch.
compare() {
  find store -type d ! -perm -700 -exec chmod u+rwx '{}' +
  find store -mindepth 1 -printf '%y %s/%P\\n' > present
  : > files.new; : > wanted.new; : > small; : > large; : > directories; : > links; : > modes; : > remove
  awk '
    { at = index($0, "/"); head = substr($0, 1, at - 1); path = substr($0, at + 1) }
    FILENAME == "present" { present[path] = head; next }
    FILENAME == "files" { space = index(head, " "); digest[path] = substr(head, 1, space - 1); stamp[path] = substr(head, space + 1); next }
    /^now / { now = $2 }
    /^f / {
      split(head, field, " ")
      now_stamp = substr(head, 3)
      files++; bytes += field[2]
      print "f " field[6] "/" path > "modes"
      if (path in stamp && stamp[path] == now_stamp && present[path] == "f " field[2]) {
        print digest[path] " " now_stamp "/" path > "files.new"
        keep[path]
      } else {
        print (field[4] >= now - 2 ? "racy" : now_stamp) "/" path > "wanted.new"
        print path > (field[2] < 1000000 ? "small" : "large")
        if (field[2] >= 1000000) large_bytes += field[2]
        fetch++; fetch_bytes += field[2]
      }
    }
    /^d / {
      print path > "directories"
      print head "/" path > "modes"
      if (present[path] ~ /^d/) keep[path]
    }
    /^[lt]\\// { print path > "links" }
    END {
      for (path in present) if (present[path] != "" && !(path in keep)) print path > "remove"
      printf "%.0f %.0f %.0f %.0f %.0f\\n", files, bytes, fetch, fetch_bytes, large_bytes > "totals"
    }
  ' present files listing
  read -r files bytes fetch fetch_bytes large_bytes < totals
}

# Runs once for each large file in the stream, with its bytes on standard input.
receive='case $TAR_FILENAME in /* | .. | ../* | */../* | */..) exit 1 ;; esac
name=\${TAR_FILENAME#./}
sum=$({ tee -- "$work/store/$name" || kill -TERM $PPID; } | $digest)
[ -n "$sum" ] && printf "%s/%s/\\n" "\${sum%% *}" "$name" >> "$work/fetched"'

# What still runs would write into what the next pass reads.
broke_off() {
  wait || :
  die "the copy from $source broke off; $(free_space). The reason stands above"
}

# $1: the bytes to come; then tar's words.
unpack() {
  expected=$1
  shift
  rm -f "$JOB_DIR/failed"
  status=0
  { remote fetch || echo ssh > "$JOB_DIR/failed"; } | meter "$expected" "copying" |
    tar --extract --file=- "$@" || status=$?
  [ ! -e "$JOB_DIR/failed" ] && [ "$status" -eq 0 ] || broke_off
}

# A process for each file would cost more than its bytes: small ones are unpacked together, and their digests are
# taken by the database host, in one go, while they are read. One that changes in between has another stamp afterwards.
fetch_small() {
  [ -s small ] || return 0
  remote digest < small > small.digests &
  digests=$!
  unpack $((fetch_bytes - large_bytes)) --directory=store --no-same-owner --no-same-permissions --touch < small
  wait "$digests" || broke_off
  tr '\\0' '\\n' < small.digests | sed 's|^\\([0-9a-f]*\\)  \\./\\(.*\\)|\\1/\\2/|' >> fetched
}

fetch_large() {
  [ -s large ] || return 0
  export work digest
  unpack "$large_bytes" --to-command="$receive" < large
}

free_space() {
  echo "$(df -h --output=avail "$work" | tail -n 1 | tr -d ' ') are free on the volume"
}

# Files first: a directory may be closed to its owner.
set_modes() {
  for kind in f d; do
    for mode_bits in $(sed -n "s|^$kind \\([0-7]*\\)/.*|\\1|p" modes | sort -u); do
      sed -n "s|^$kind $mode_bits/||p" modes | sort -r | (cd store && each_name chmod "$mode_bits")
    done
  done
}

# Every file of the listing has a digest and its size, and the listing still holds.
verify_cold() {
  list again
  sed 1d listing | sort > before
  sed 1d again | sort > after
  changed=$(comm -3 before after | head -n 1 | cut -d / -f 2-)
  [ -z "$changed" ] || die "$changed changed while the store was copied: something else than the database writes there"
  find store -type f -printf '%s/%P\\n' > present
  missing=$(awk '
    { at = index($0, "/"); head = substr($0, 1, at - 1); path = substr($0, at + 1) }
    FILENAME == "present" { size[path] = head; next }
    FILENAME == "files" { known[path]; next }
    /^f / { split(head, field, " "); if (!(path in known) || size[path] != field[2] "") print path }
  ' present files listing | head -n 1)
  [ -z "$missing" ] || die "$missing could not be copied whole: it could not be read on $source"
}

pass() {
  absorb
  list listing
  compare
  sort -r remove | (cd store && each_name rm -rf)
  (cd store && each_name mkdir -p < ../directories)
  mv files.new files
  mv wanted.new wanted
  progress 0 "$fetch_bytes" bytes copying
  fetch_small
  fetch_large
  absorb
  if [ "$mode" = cold ]; then
    verify_cold
    while IFS= read -r link && IFS= read -r to; do ln -s -- "$to" "store/$link"; done < links
    set_modes
  fi
}

# A connection that is lost for a moment ends no backup: the next pass fetches what has not come.
for pause in 1 2 4 none; do
  rm -f "$JOB_DIR/lost"
  connect
  set +e
  (set -e && pass)
  ended=$?
  set -e
  [ "$ended" -ne 0 ] || break
  if [ ! -e "$JOB_DIR/lost" ] || [ "$pause" = none ]; then exit "$ended"; fi
  sleep "$pause"
done
read -r files bytes fetch fetch_bytes large_bytes < totals
progress "$fetch_bytes" "$fetch_bytes" bytes copied
`;

/** The copy of a store, as a program on the backup host. */
export const copyStore = `${prelude}${copying}
result "{\\"files\\":$files,\\"bytes\\":$bytes,\\"copiedFiles\\":$fetch,\\"copiedBytes\\":$fetch_bytes,\\"tookMs\\":$(took)}"
`;
