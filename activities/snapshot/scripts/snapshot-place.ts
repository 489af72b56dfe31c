/**
 * The directory of a snapshot, `$snapshot`, as shell functions, used with `prelude`: its workplace is a directory of ours
 * in it.
 */
export const snapshotPlace = `
enter_snapshot() {
  snapshot=\${work%/*}
  [ -d "$snapshot" ] || die "there is no $snapshot: was it removed?"
  mkdir -p "$work"
  enter_workplace
}

# Of what a program that was killed has left there. Directories alone are opened: a file may be shared with the store.
empty_snapshot() {
  find "$snapshot" -type d ! -perm -700 -exec chmod u+rwx '{}' \\;
  find "$snapshot" -mindepth 1 -maxdepth 1 ! -path "$work" -exec rm -rf '{}' +
}
`;
