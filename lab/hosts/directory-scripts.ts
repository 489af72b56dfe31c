/**
 * Bash, `init <host's directory> <seconds>`: reads its standard input; at its end it kills all of the host's processes
 * and ends; at the word `shutdown` it first sends them TERM and waits so many seconds, unless TERM tells it to hurry.
 *
 * A host's process has LAB_ROOT in its environment or works in the host's directory: `env -i` alone does not hide it.
 * The rounds go on until nothing is found, stopping before killing, so that nothing forks its way out.
 */
export const DIRECTORY_INIT = `
root=$1; limit=$2
trap '' HUP INT
trap 'limit=0 end=0' TERM
own() {
  if [ -d /proc/self/fd ]; then
    { grep -lzxF "LAB_ROOT=$root" /proc/[0-9]*/environ; find /proc/[0-9]* -maxdepth 1 -name cwd \\( -lname "$root" -o -lname "$root/*" \\); } 2>/dev/null |
      cut -d/ -f3 | sort -u
  else
    { ps -axEww -o pid=,command= | grep -F "LAB_ROOT=$root" | awk '{ print $1 }'; lsof -a -d cwd -F pn 2>/dev/null |
      awk -v root="$root" '/^p/ { pid = substr($0, 2) } /^n/ && index(substr($0, 2) "/", root "/") == 1 { print pid }'; } | sort -u
  fi
}
while read -r word && [ "$word" != shutdown ]; do :; done
if [ "$word" = shutdown ]; then
  end=$((SECONDS + limit))
  for p in $(own); do kill -TERM "$p" 2>/dev/null; done
  while [ "$SECONDS" -lt "$end" ] && [ "$(own)" ]; do sleep 0.05; done
fi
while found=$(own) && [ "$found" ]; do
  for p in $found; do kill -STOP "$p" 2>/dev/null; done
  for p in $found; do kill -KILL "$p" 2>/dev/null; done
done
`;

/** sh: `mount`, `umount` and `mountpoint` for the host's own volumes; a mounted one is a link to its directory. */
export const MOUNT_SCRIPT = `#!/bin/sh
program=\${0##*/}; quiet=; target=
for argument; do case $argument in -q) quiet=1 ;; -*) ;; *) target=\${argument#"$LAB_ROOT"} ;; esac; done
point=$LAB_ROOT$target
volume=$(awk -F '\\t' -v point="$target" '$1 == point { print $2 }' "$LAB_ROOT/.host/fstab")
case $program in
mountpoint)
  if [ "$volume" ] && [ -L "$point" ]; then [ "$quiet" ] || echo "$target is a mountpoint"; exit 0; fi
  [ "$quiet" ] || echo "$target is not a mountpoint"; exit 1 ;;
mount)
  [ "$volume" ] || { echo "mount: $target: can't find in /etc/fstab." >&2; exit 1; }
  [ -L "$point" ] && { echo "mount: $target: already mounted." >&2; exit 32; }
  rmdir "$point" && ln -s "$volume" "$point" ;;
umount)
  { [ "$volume" ] && [ -L "$point" ]; } || { echo "umount: $target: not mounted." >&2; exit 32; }
  rm "$point" && mkdir -m 555 "$point" ;;
esac
`;
