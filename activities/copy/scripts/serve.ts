/**
 * What the source of a pull answers to its reader: `list`, `digest` and `fetch`, of one directory, read-only.
 *
 * It runs as the fixed command of a key in `authorized_keys`; the request is in SSH_ORIGINAL_COMMAND. Arguments: the
 * directory, then patterns of what is left out.
 *
 * `ctime` may be set to what stands in the place of a file's change time: a file shared with a running database has
 * another one each time that removes its own name of it.
 *
 * - `list`: `now <seconds>`; `f <size> <mtime> <ctime> <inode> <mode>/<path>` for a file, `d <mode>/<path>` for a
 *   directory, `l/<path>` and `t/<its target>` for a symbolic link; then `end`, or `incomplete` if something could not
 *   be looked at. No field before the path has a slash in it.
 * - `fetch`: paths on standard input, one a line; answers with a tar of those that `list` would name.
 * - `digest`: the same input; answers `<SHA-256>  ./<path>` for each, NUL after it.
 */
export const serve = `set -eu
export LC_ALL=C
store=$1
shift
cd "$store"
for pattern; do
  set -- "$@" -o -path "./$pattern"
  shift
done
newline='
'

read_names() {
  names=$(cat)
  if printf '%s\\n' "$names" | grep -qE '^/|(^|/)\\.\\.(/|$)'; then
    echo 'refused: only paths inside the store can be fetched' >&2
    exit 65
  fi
}

# Those names, each with a NUL after it. Only what the listing names, so no symbolic link leads out of the store.
named() {
  {
    find . '(' -false "$@" ')' -prune -o -type f -printf 'L%P\\n' || :
    printf '%s\\n' "$names" | sed 's/^/R/'
  } | awk '/^L/ { here[substr($0, 2)]; next } substr($0, 2) in here { printf "./%s\\n", substr($0, 2) }' | tr '\\n' '\\0'
}

case \${SSH_ORIGINAL_COMMAND-} in
list)
  bad=$(find . '(' -false "$@" ')' -prune -o '(' -name "*$newline*" -o -lname "*$newline*" ')' -print -quit)
  if [ -n "$bad" ]; then
    printf 'a name with a line break cannot be copied: %s\\n' "$store/$bad" >&2
    exit 65
  fi
  echo "now $(date +%s)"
  if find . '(' -false "$@" ')' -prune \\
    -o -type f -printf "f %s %T@ \${ctime-%C@} %i %m/%P\\\\n" \\
    -o -type d -printf 'd %m/%P\\n' \\
    -o -type l -printf 'l/%P\\nt/%l\\n'
  then echo end; else echo incomplete; fi
  ;;
fetch)
  read_names
  named "$@" | {
    # 1: a file changed while it was read; whether that matters, the other side knows.
    tar --create --file=- --no-recursion --hard-dereference --ignore-failed-read --null --no-unquote --files-from=- ||
      [ $? -eq 1 ]
  }
  ;;
digest)
  read_names
  # A file that has vanished has no digest; whether that matters, the other side knows.
  named "$@" | xargs -0 -r sha256sum --zero -- 2> /dev/null || [ $? -eq 123 ]
  ;;
*)
  echo 'refused: this key answers list, digest and fetch' >&2
  exit 64
  ;;
esac
`;
