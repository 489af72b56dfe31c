/**
 * A shell function that sets `beside` for the store `$1`: next to it if a rename reaches from there, else in it.
 *
 * Also sets `place`, the nearest directory that exists, and `closed` if that cannot be written.
 */
export const findBeside = `
# A rename stays within one mount; the same device may be mounted twice.
mount_of() {
  { readlink -f "$1"; cat /proc/self/mountinfo; } 2> /dev/null | awk '
    NR == 1 { path = $0 "/"; next }
    { at = $5; gsub(/\\\\040/, " ", at); sub("/*$", "/", at) }
    index(path, at) == 1 && length(at) >= best { best = length(at); id = $1 }
    END { print id }
  '
  stat -L -c %d "$1"
}
find_beside() {
  beside=$1.runbook
  place=\${1%/*}
  while [ ! -d "\${place:-/}" ]; do place=\${place%/*}; done
  place=\${place:-/}
  closed=
  if [ -d "$1" ]; then
    if [ "$(mount_of "$1")" != "$(mount_of "$place")" ] || [ ! -w "$place" ]; then beside=$1/.runbook; fi
    place=$1
    if [ ! -w "$1" ]; then closed=$1; fi
  elif [ ! -w "$place" ]; then closed=$place; fi
}
`;
