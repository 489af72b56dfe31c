import { sh, type ShellText } from '../ssh/shell';
import { scratchServer } from './scratch-server';

export interface PostgresScratchOptions {
  readonly database: string;
  readonly user: string;
  /** Where the programs are. */
  readonly programs: { readonly postgres: string; readonly psql: string };
}

/**
 * The scratch database of a read-back, as shell functions: see `DatabaseEngine.scratch`.
 *
 * Nothing of the original's configuration is used, which may name files that are not here, archive over the
 * original's log, or dial its publisher. It listens on no address, only on a socket in `$scratch`, open to nobody else:
 * who reaches it may do anything. Tables that lie outside the data directory are not in a copy: that is refused.
 */
export function postgresScratch({ database, user, programs }: PostgresScratchOptions): ShellText {
  return sh`${scratchServer}
scratch_database=${database}

# Runs one statement in a database and prints the value. The way to the socket is relative: a whole one may be too long.
scratch_query() {
  (cd "$scratch" && timeout 300 env PGCONNECT_TIMEOUT=4 ${programs.psql} -X -A -t -q -w -v ON_ERROR_STOP=1 -h /proc/self/cwd -p 5432 -U ${user} -d "$1" -c "$2" 2> "$scratch/error")
}

scratch_answers() {
  [ "$(scratch_query postgres 'select 1')" = 1 ]
}

scratch_start() {
  outside=$(find "$1/pg_tblspc" "$1/pg_wal" -type l | head -n 1)
  if [ -n "$outside" ]; then
    echo "$outside is a symbolic link: what it leads to is not in the copy" > "$scratch/log"
    return 1
  fi
  chmod 700 "$scratch" "$1"
  : > "$1/postgresql.auto.conf"
  : > "$scratch/postgresql.conf"
  : > "$scratch/pg_ident.conf"
  echo 'local all all trust' > "$scratch/pg_hba.conf"
  # PostgreSQL refuses to be root: in a user namespace it is not, and the files stay those of root.
  set -- ${programs.postgres} -D "$1" -c "config_file=$scratch/postgresql.conf" -c "hba_file=$scratch/pg_hba.conf" \\
    -c "ident_file=$scratch/pg_ident.conf" -c listen_addresses= -c port=5432 -c unix_socket_directories=.. \\
    -c unix_socket_permissions=0700 -c max_logical_replication_workers=0 -c max_prepared_transactions=100 \\
    -c autovacuum=off -c fsync=off -c synchronize_seqscans=off
  [ "$(id -u)" -ne 0 ] || set -- unshare --user --map-user=65534 --map-group=65534 "$@"
  "$@" > "$scratch/log" 2>&1 9>&- &
  scratch_pid=$!
  scratch_await scratch_answers
}

scratch_count() {
  scratch_number "$(scratch_query "$scratch_database" "select count(*) from $1")"
}

scratch_rows() {
  scratch_query "$scratch_database" "select * from $1 limit 100"
}

scratch_has_marker() {
  [ "$(scratch_query "$scratch_database" "select count(*) from runbook_marker where id = '$1'")" = 1 ]
}

scratch_stop() {
  scratch_end INT
}
`;
}
