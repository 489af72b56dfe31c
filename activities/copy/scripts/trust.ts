/** Removes the entry of pull $name from authorized_keys and adds the line $1, if any; other lines stay as they are. */
const edit = `set -eu
umask 077
cd
dir=$1
name=$2
edit_keys() {
  mkdir -p .ssh
  exec 9> .ssh/authorized_keys.lock
  flock -w 10 9 || { echo 'somebody else is editing authorized_keys' >&2; exit 1; }
  touch .ssh/authorized_keys
  file=$(readlink -f .ssh/authorized_keys)
  awk -v tail=" runbook-pull-$name" 'substr($0, length($0) - length(tail) + 1) != tail' "$file" > "$file.runbook"
  if [ -n "$1" ]; then printf '%s\\n' "$1" >> "$file.runbook"; fi
  chmod "$(stat -c %a "$file")" "$file.runbook"
  mv "$file.runbook" "$file"
}
`;

/**
 * On the source: lets a key ask the program on standard input, and nothing else.
 *
 * Arguments: directory, name of the pull, host name to be resolved (or empty), addresses, public key. The entry expires
 * after a day, whatever happens to the run.
 */
export const authorizeKey = `${edit}
resolved=
if [ -n "$3" ]; then
  resolved=$(getent ahosts "$3" | cut -d ' ' -f 1 | sort -u)
  [ -n "$resolved" ] || { echo "the name $3 does not resolve here" >&2; exit 1; }
fi
mkdir -p "$dir"
cat > "$dir/serve.new"
mv "$dir/serve.new" "$dir/serve"
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
from=$(printf '%s\\n' $resolved $4 | sort -u | paste -s -d , -)
edit_keys "restrict,from=\\"$from\\",expiry-time=\\"$(date -d '+1 day' +%Y%m%d%H%M%S)\\",command=\\"sh '$dir/serve'\\" $5"
echo "$from"
`;

/** On the source: ends what `authorizeKey` has begun; says whether there was anything. */
export const revokeKey = `${edit}
found=no
if grep -qs " runbook-pull-$name\\$" .ssh/authorized_keys; then
  found=yes
  edit_keys ''
fi
if [ -e "$dir" ]; then
  found=yes
  rm -rf "$dir"
fi
echo "$found"
`;

/**
 * On the reader: makes a new key pair; the private half never leaves it.
 *
 * Arguments: directory, name. Answers with the directory, this host's addresses, the fingerprint and the public key, a
 * line each.
 */
export const makeKey = `set -eu
umask 077
cd
rm -rf "$1"
mkdir -p "$1"
cd "$1"
ssh-keygen -q -t ed25519 -N '' -C "runbook-pull-$2" -f key
pwd
hostname -I 2> /dev/null || echo
ssh-keygen -l -f key.pub | cut -d ' ' -f 2
cat key.pub
`;

/** On the reader: writes configuration and host keys. Arguments: directory, configuration, known hosts. */
export const configure = `set -eu
umask 077
cd
cd "$1"
printf '%s' "$2" > config
printf '%s' "$3" > known_hosts
`;

/** On the reader: asks for the listing, as the copy will, and ends with 0 if it begins. Argument: directory. */
export const tryPull = `cd
cd "$1" || exit
answer=$(timeout 20 ssh -F config database list 2> error | head -n 1)
case $answer in 'now '*) exit 0 ;; esac
tail -n 2 error >&2
exit 1
`;
