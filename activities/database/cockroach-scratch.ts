import { sh, type ShellText } from '../ssh/shell';
import { scratchServer } from './scratch-server';

/**
 * The scratch database of a read-back, as shell functions: see `DatabaseEngine.scratch`.
 *
 * It serves loopback only, without certificates (there are none on a backup host), on ports nobody else uses.
 * `start-single-node` dials nobody, so a copy of a store never meets its original.
 */
export function cockroachScratch({ database }: { readonly database: string }): ShellText {
  return sh`${scratchServer}
scratch_database=${database}
scratch_external=

# Runs one statement in a database and prints what comes of it; ends after $3 seconds, 300 if not said.
scratch_sql() {
  timeout "$\{3:-300}" cockroach sql --insecure --host="127.0.0.1:$scratch_port" --database="$1" --format=csv -e "$2" 2> "$scratch/error"
}

# Its last line only.
scratch_query() {
  scratch_sql "$@" | tail -n 1
}

free_port() {
  echo $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 30000))
}

scratch_answers() {
  [ "$(scratch_query defaultdb 'select 1 as one')" = 1 ]
}

scratch_start() {
  for attempt in 1 2 3 4 5; do
    scratch_port=$(free_port)
    cockroach start-single-node --insecure --store="$1" $\{scratch_external:+"--external-io-dir=$scratch_external"} --listen-addr="127.0.0.1:$scratch_port" --http-addr="127.0.0.1:$(free_port)" > "$scratch/log" 2>&1 9>&- &
    scratch_pid=$!
    if scratch_await scratch_answers; then return 0; fi
    grep -q 'address already in use' "$scratch/log" || return 1
  done
  return 1
}

scratch_count() {
  scratch_number "$(scratch_query "$scratch_database" "select count(*) as count from $1")"
}

scratch_rows() {
  scratch_sql "$scratch_database" "select * from $1 limit 100"
}

scratch_has_marker() {
  [ "$(scratch_query "$scratch_database" "select count(*) as count from runbook_marker where id = '$1'")" = 1 ]
}

scratch_stop() {
  scratch_end TERM
}

# The whole cluster of the newest backup in collection $1 becomes the store $2. Up to v20.2 its path is in one piece.
scratch_restore() {
  scratch_external=$\{1%/*}
  scratch_start "$2" || return 1
  collection=nodelocal://1/$\{1##*/}
  newest=$(scratch_query defaultdb "show backups in '$collection'")
  restored=$(scratch_query defaultdb "restore from '$collection/$newest'" 86400)
  case $restored in
  *,succeeded,*) ;;
  *)
    cp "$scratch/error" "$scratch/joined"
    restored=$(scratch_query defaultdb "restore from '$newest' in '$collection'" 86400)
    grep -q 'syntax error' "$scratch/error" && cp "$scratch/joined" "$scratch/error" ;;
  esac
  scratch_stop
  scratch_external=
  case $restored in *,succeeded,*) ;; *) cat "$scratch/error" >> "$scratch/log"; return 1 ;; esac
}
`;
}
