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

# Runs one statement in a database and prints the value in its last line.
scratch_query() {
  timeout 300 cockroach sql --insecure --host="127.0.0.1:$scratch_port" --database="$1" --format=csv -e "$2" 2> "$scratch/error" | tail -n 1
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
    cockroach start-single-node --insecure --store="$1" --listen-addr="127.0.0.1:$scratch_port" --http-addr="127.0.0.1:$(free_port)" > "$scratch/log" 2>&1 9>&- &
    scratch_pid=$!
    if scratch_await scratch_answers; then return 0; fi
    grep -q 'address already in use' "$scratch/log" || return 1
  done
  return 1
}

scratch_count() {
  scratch_number "$(scratch_query "$scratch_database" "select count(*) as count from $1")"
}

scratch_has_marker() {
  [ "$(scratch_query "$scratch_database" "select count(*) as count from runbook_marker where id = '$1'")" = 1 ]
}

scratch_stop() {
  scratch_end TERM
}
`;
}
