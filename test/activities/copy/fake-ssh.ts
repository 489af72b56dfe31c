/**
 * An ssh that reaches an sshd which knows the authorized_keys of another host, whose home is given: finds the client's key there, checks
 * where it comes from, and runs the fixed command.
 */
export function fakeSsh(home: string): string {
  return `config= from=10.9.9.9
while [ $# -gt 2 ]; do
  case $1 in -F) config=$2; shift 2 ;; *) shift ;; esac
done
denied() { echo 'root@db1.example: Permission denied (publickey).' >&2; exit 255; }
[ "$config" ] && [ "$config" != /dev/null ] || denied
key=$(sed -n 's/^  IdentityFile "\\(.*\\)"/\\1/p' "$config")
from=$(sed -n 's/^  BindAddress //p' "$config")
line=$(grep -F "$(cut -d ' ' -f 2 "$key.pub")" ${home}/.ssh/authorized_keys) || denied
case $line in *"from="*"\${from:-10.9.9.9}"*) ;; *) denied ;; esac
command=$(echo "$line" | sed 's/.*command="\\([^"]*\\)".*/\\1/')
SSH_ORIGINAL_COMMAND=$2 HOME=${home} exec sh -c "$command"`;
}
