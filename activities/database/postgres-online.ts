import { sh, type ShellText } from '../ssh/shell';

/**
 * A base backup by PostgreSQL's low-level interface while the server serves, as a shell function: see
 * `OnlineBackup.functions`. What the backup needs of the log is kept by a slot of the session.
 *
 * The session stays open while the files are copied: between its statements psql runs a command that waits for a line.
 * When this program is killed, that wait ends, and the server ends the backup with the session.
 *
 * @param psql runs the statements that stand behind it in one session
 */
export function postgresOnline(psql: ShellText): ShellText {
  return sh`
session_says() {
  until grep -q "^$1" "$work/session"; do
    grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$session/status" || die "PostgreSQL ended the backup: $(tail -n 1 "$work/session.error")"
    sleep 0.1
  done
}

online_backup() {
  outside=$(find "$store/pg_tblspc" "$store/pg_wal" -type l | head -n 1)
  [ -z "$outside" ] || die "$outside is a symbolic link: what it leads to would not be in the backup"
  rm -f "$work/go" "$work/session" "$work/session.error"
  mkfifo "$work/go"
  exec 8<> "$work/go"
  : > "$work/session"
  slot=runbook_$$_$(date +%s)
  text() { echo "replace(encode(convert_to($1, 'UTF8'), 'base64'), chr(10), '')"; }
  ${psql} -c "select pg_create_physical_replication_slot('$slot', true, true)" \\
    -c "select pg_backup_start('$slot', true)" -c '\\! echo started; read -r go' \\
    -c "select 'stopped', pg_walfile_name(lsn), $(text labelfile) from pg_backup_stop(false)" -c '\\! read -r go' \\
    < "$work/go" > "$work/session" 2> "$work/session.error" 8>&- 9>&- &
  session=$!
  session_says started

  find_others ! -path './pg_wal/*' -print0 > "$JOB_DIR/before" || [ -s "$JOB_DIR/before" ] || die "$store cannot be read"
  copy_files "$JOB_DIR/before"
  # One that has vanished was dropped: the log says so.
  while IFS= read -r name; do
    [ ! -e "$store/$name" ] || [ -e "$snapshot/$name" ] || die "$name could not be copied; the reason stands above"
  done << END
$(tr '\\0' '\\n' < "$JOB_DIR/before")
END

  as_of=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
  echo go >&8
  session_says stopped
  IFS=, read -r word last label << END
$(grep '^stopped' "$work/session")
END
  echo "$label" | base64 -d > "$snapshot/backup_label"
  first=$(sed -n 's/^START WAL LOCATION: .*(file \\([0-9A-F]*\\))$/\\1/p' "$snapshot/backup_label")
  [ -n "$first" ] || die "PostgreSQL's label of the backup names no file of the log"
  (cd "$store" && find ./pg_wal -maxdepth 1 -type f) | awk -v first="$first" -v last="$last" '
    { name = substr($0, 10) }
    name ~ /^[0-9A-F]*$/ && length(name) == 24 && name >= first && name <= last
  ' | tr '\\n' '\\0' > "$JOB_DIR/log"
  mkdir -p -m 700 "$snapshot/pg_wal/archive_status"
  copy_files "$JOB_DIR/log"
  [ -e "$snapshot/pg_wal/$first" ] && [ -e "$snapshot/pg_wal/$last" ] ||
    die "the log from $first to $last could not be copied; the reason stands above"
  echo go >&8
  wait "$session" || die "PostgreSQL ended the backup: $(tail -n 1 "$work/session.error")"
  rm -f "$work/go"
}
`;
}
