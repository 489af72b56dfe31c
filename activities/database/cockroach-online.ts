import { sh, type ShellText } from '../ssh/shell';

/** The directory of our own among those the server may write to. */
export const ownInExternal = 'runbook';

/**
 * `BACKUP INTO` as of now, as a shell function: see `OnlineBackup.functions`. The rows are counted as of the same time.
 *
 * The server writes it to where `nodelocal` leads; a program that is told to end cancels it there.
 *
 * @param sql runs the statement that stands behind it
 */
export function cockroachOnline(
  sql: ShellText,
  { database, tables }: { readonly database: string; readonly tables: readonly string[] },
): ShellText {
  return sh`
into=nodelocal://1/${ownInExternal}
run_sql() { ${sql} --database="$1" --format=csv -e "$2" 2> "$work/error"; }
reason() { grep -m 1 ERROR "$work/error" || tail -n 1 "$work/error"; }
cancel_backup() {
  trap '' TERM
  run_sql defaultdb "cancel jobs (select job_id from [show jobs] where job_type = 'BACKUP' and status = 'running' and description like '%$into%')" > /dev/null || :
  exit 143
}

online_backup() {
  into=$into/$\{snapshot##*/}
  as_of=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
  time=$(echo "$\{as_of%Z}" | tr T ' ')
  rows=
  for table in ${tables}; do
    count=$(run_sql ${database} "select count(*) as count from $table as of system time '$time'" | tail -n 1)
    case $count in '' | *[!0-9]*) die "the rows of $table cannot be counted: $(reason)" ;; esac
    rows="$rows$\{rows:+,}\\"$table\\":$count"
  done
  rows="{$rows}"
  trap cancel_backup TERM
  run_sql defaultdb "backup into '$into' as of system time '$time'" > "$work/said" &
  wait "$!" && grep -q ',succeeded,' "$work/said" || die "the server made no backup: $(reason)"
  trap - TERM
}
`;
}
