# What the old scripts did by hand, one function each. The addresses of the site are in the environment.
set -eu

# As every `openstack` command does: log in, then ask. $1 method, $2 URL, $3 body.
cloud() {
  token=$(curl -sS -o /dev/null -D - -H 'Content-Type: application/json' -d "$LOGIN" "$IDENTITY/auth/tokens" |
    tr -d '\r' | sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: //p')
  curl -sS --fail -o /dev/null -X "$1" -H "X-Auth-Token: $token" -H 'Content-Type: application/json' -d "$3" "$2"
}

move_address() {
  cloud PUT "$NETWORK/v2.0/floatingips/$FLOATING_IP" "{\"floatingip\":{\"port_id\":\"$1\"}}"
}

# The old scripts verified no host key.
on() {
  address=$1 port=$2
  shift 2
  ssh -F none -i "$KEY" -p "$port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "root@$address" "$@"
}

on_database() {
  on "$DB_ADDRESS" "$DB_PORT" "$@"
}

on_backup() {
  on "$BACKUP_ADDRESS" "$BACKUP_PORT" "$@"
}

start_database() {
  on_database "cockroach start-single-node --insecure --store=$STORE --listen-addr=$LISTEN --http-addr=$HTTP --background > /dev/null 2>&1"
}

# The server's own processes alone: the shell that looks has its name in its command line, too.
signal_database() {
  on_database "pkill -$1 -f '^cockroach start-single-node' || :; while pgrep -f '^cockroach start-single-node' > /dev/null; do sleep 0.05; done"
}
