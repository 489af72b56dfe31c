import { sh, type ShellText } from '../ssh/shell';

/** The directory of our own among those the server may write to. */
export const ownInExternal = 'runbook';

/**
 * `BACKUP INTO` as of now, as a shell function: see `OnlineBackup.functions`. The rows are counted as of the same time, if
 * that takes no longer than they may be counted for when the backup is restored.
 *
 * The server writes it to where `nodelocal` leads; a program that is told to end cancels it there.
 *
 * @param sql runs the statements that stand behind it, for `$limit` seconds at most
 */
export function cockroachOnline(
  sql: ShellText,
  { database, tables }: { readonly database: string; readonly tables: readonly string[] },
): ShellText {
  return sh`
into=nodelocal://1/${ownInExternal}
limit=0 # none
run_sql() {
  on=$1
  shift
  for statement do
    set -- "$@" -e "$statement"
    shift
  done
  ${sql} --database="$on" --format=csv "$@" 2> "$work/error"
}
reason() { grep -m 1 ERROR "$work/error" || tail -n 1 "$work/error"; }
cancel_backup() {
  trap '' TERM
  run_sql defaultdb "cancel jobs (select job_id from [show jobs] where job_type = 'BACKUP' and status = 'running' and description like '%$into%')" > /dev/null || :
  exit 143
}
count_rows() {
  set --
  for table in ${tables}; do
    set -- "$@" "select '$table' as name, count(*) as count from $table as of system time '$time'"
  done
  limit=2
  run_sql ${database} "$@" > "$work/counted" || {
    status=$?
    limit=0
    [ "$status" -ne 124 ] || return 0
    die "the rows cannot be counted: $(reason)"
  }
  limit=0
  rows="{$(awk -F, '$2 ~ /^[0-9]+$/ { printf "%s\\"%s\\":%s", after, $1, $2; after = "," }' "$work/counted")}"
}

online_backup() {
  into=$into/$\{snapshot##*/}
  as_of=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
  time=$(echo "$\{as_of%Z}" | tr T ' ')
  count_rows
  trap cancel_backup TERM
  run_sql defaultdb "backup into '$into' as of system time '$time'" > "$work/said" &
  wait "$!" && grep -q ',succeeded,' "$work/said" || die "the server made no backup: $(reason)"
  trap - TERM
}
`;
}
