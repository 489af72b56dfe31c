import { posix } from 'node:path';
import { type PostgresSpec } from '../../workflows/contract/site';
import { sh, type ShellText } from '../ssh/shell';
import { type DatabaseEngine } from './engine';
import { postgresOnline } from './postgres-online';
import { postgresScratch } from './postgres-scratch';
import { signalProcesses } from './processes';
import { readRows } from './rows';

/**
 * PostgreSQL, one server on one data directory, driven with `psql` and started with `pg_ctl` or its systemd unit.
 *
 * Client commands never ask for a password, and are bounded by `timeout`.
 */
export function postgresEngine(spec: PostgresSpec): DatabaseEngine {
  const program = (name: string) => (spec.binDir === undefined ? name : posix.join(spec.binDir, name));
  // Peer authentication needs the account, and PostgreSQL refuses to be started by root.
  const as = spec.runAs === undefined ? [] : ['runuser', '-u', spec.runAs, '--'];
  const session = (database: string): ShellText => {
    const { host, port } = clientAddress(spec.listen);
    const password = spec.passwordFile === undefined ? [] : [`PGPASSFILE=${spec.passwordFile}`];
    const words = ['-X', '-A', '-t', '-q', '-w', '-F', ',', '-v', 'ON_ERROR_STOP=1'];
    const where = ['-h', host, '-p', port, '-U', spec.user, '-d', database];
    return sh`${as} env PGCONNECT_TIMEOUT=4 ${password} ${program('psql')} ${words} ${where}`;
  };
  const psql = (seconds: number, database: string, ...statements: string[]): ShellText => {
    const each = statements.flatMap((statement) => ['-c', statement]);
    return sh`timeout ${seconds} ${session(database)} ${each}`;
  };

  return {
    name: 'postgres',
    store: spec.store,
    programs: [program('postgres'), program('psql')],
    // Of the running server, and what it makes anew at its start. Slots hold back log for who read on elsewhere since.
    leaveOut: [
      ...['postmaster.pid', 'postmaster.opts', 'current_logfiles', 'log', 'pg_log', 'pg_stat_tmp/*', 'pg_replslot/*'],
      ...['pg_dynshmem/*', 'pg_notify/*', 'pg_serial/*', 'pg_snapshots/*', 'pg_subtrans/*'],
      ...['*/pgsql_tmp*', '*pg_internal.init*'],
    ],
    immutable: [],
    server: { processes: ['postgres', 'postmaster'], word: ' -D' },

    version: () => sh`timeout 10 ${program('postgres')} --version`,
    readVersion(output) {
      const version = /PostgreSQL\) (\S+)/.exec(output)?.[1];
      return { version: version ?? 'unknown', standIn: false };
    },

    health() {
      // A standby answers queries too, but is not what clients may write to.
      const select = psql(6, 'postgres', 'select not pg_is_in_recovery()');
      return sh`${select} | grep -qx t`;
    },

    start() {
      const server =
        spec.unit === undefined
          ? [...as, program('pg_ctl'), 'start', '-w', '-t', '40', '-D', spec.store]
          : ['systemctl', 'start', spec.unit];
      return sh`sh -c ${startScript} sh ${spec.store} ${spec.runAs ?? ''} timeout 45 ${server}`;
    },
    reasonIn(log) {
      const lines = log.split('\n').filter((line) => /\w/.test(line));
      const reason = lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1);
      return reason?.replace(/^.*(FATAL|PANIC): +/, '').trim();
    },
    stop(pids) {
      // A fast shutdown: clients are cut, everything committed is on disk.
      const fast = signalProcesses('INT', pids);
      // The unit is told first: what it has not been asked to stop it may start again.
      return spec.unit === undefined ? fast : sh`systemctl stop --no-block ${spec.unit} && ${fast}`;
    },

    looksBack: false,
    countRows(withinSeconds = 2) {
      const each = spec.tables.map((table) => `select '${table}' as name, count(*) as count from ${table}`);
      return psql(withinSeconds, spec.database, each.join(' union all '));
    },
    readRows: (output) => readRows(output, spec.tables),
    mark: (marker) =>
      psql(
        20,
        spec.database,
        'create table if not exists runbook_marker (id varchar(200) primary key)',
        `insert into runbook_marker values ('${marker}') on conflict do nothing`,
      ),
    hasMarker: (marker) => psql(5, spec.database, `select count(*) from runbook_marker where id = '${marker}'`),
    cannotOpen(writtenBy, installed) {
      const major = majorOf(writtenBy);
      const same = writtenBy === installed || (major !== undefined && major === majorOf(installed));
      return same ? null : 'only the same major version can open a data directory';
    },

    online: {
      cannot({ version }) {
        return Number(majorOf(version)) >= 15 ? null : 'PostgreSQL before 15 begins and ends a backup in another way';
      },
      obstacles: () => psql(6, 'postgres', obstacles),
      functions: () => postgresOnline(session('postgres')),
      form: 'store',
    },

    scratch: () => postgresScratch({ ...spec, programs: { postgres: program('postgres'), psql: program('psql') } }),
  };
}

/** What would refuse an online backup, a line each. */
const obstacles = [
  ['it is a standby', 'pg_is_in_recovery()'],
  ['its wal_level is minimal', "current_setting('wal_level') = 'minimal'"],
  ['the role may not begin a backup', "not has_function_privilege('pg_backup_start(text, boolean)', 'execute')"],
  [
    'the role may not make a replication slot',
    'not exists (select from pg_roles where rolname = current_user and (rolsuper or rolreplication))',
  ],
  [
    'no replication slot is free',
    "(select count(*) from pg_replication_slots) >= current_setting('max_replication_slots')::int",
  ],
]
  .map(([why, when]) => `select '${why}' where ${when}`)
  .join(' union all ');

/**
 * Starts a server by the words after the store and the account it belongs to (or nothing).
 *
 * A crash or a restored copy leaves `postmaster.pid` of a process that is gone; its number may belong to another one
 * by now, which PostgreSQL would take for a running server. It is removed under a lock on the directory, so that a
 * second start does not remove that of the first. The directory is given the owner and mode that PostgreSQL insists on.
 */
const startScript = `set -e
store=$1 owner=$2
shift 2
exec 9< "$store"
flock -w 40 9
pid=$(sed -n 1p "$store/postmaster.pid" 2> /dev/null) || :
[ "/proc/$pid/cwd" -ef "$store" ] || rm -f "$store/postmaster.pid"
case $(stat -c %a "$store") in 700 | 750) ;; *) chmod 700 "$store" ;; esac
[ -z "$owner" ] || find "$store" ! -user "$owner" -exec chown -h "$owner:" '{}' +
"$@" 9<&-`;

/** `18` of `18.4`; before 10 it was two numbers. */
function majorOf(version: string): string | undefined {
  return /^(9\.\d+|\d+)/.exec(version)?.[1];
}

/** Where a client on the same host reaches what listens on all addresses. */
function clientAddress(listen: string): { host: string; port: string } {
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  return { host: ['', '*', '0.0.0.0', '::'].includes(host) ? 'localhost' : host, port: listen.slice(at + 1) };
}
