import { type CockroachSpec } from '../../workflows/contract/site';
import { sh, type ShellText } from '../ssh/shell';
import { cockroachOnline, ownInExternal } from './cockroach-online';
import { cannotOpenCockroach, isOlder } from './cockroach-versions';
import { cockroachScratch } from './cockroach-scratch';
import { type DatabaseEngine } from './engine';
import { signalProcesses } from './processes';
import { readRows } from './rows';

/** What belongs to the running process, and what is ours among what it may write. */
export const cockroachLeavesOut = [
  ...['LOCK', 'cockroach-temp*', 'temp-dirs-record.txt', 'logs', 'cockroach.*-addr', 'cockroach.pid'],
  `extern/${ownInExternal}`,
];

/**
 * CockroachDB as a single node, driven with the program `cockroach` on the host's PATH.
 *
 * Client commands are bounded by `timeout`: a node that is not ready accepts connections and says nothing.
 */
export function cockroachEngine(spec: CockroachSpec): DatabaseEngine {
  const security = spec.certsDir === undefined ? ['--insecure'] : [`--certs-dir=${spec.certsDir}`];
  const client = [...security, `--host=${clientAddress(spec.listen)}`];
  const bounded = (seconds: number, words: string[], statements: string[]): ShellText => {
    const each = statements.flatMap((statement) => ['-e', statement]);
    return sh`COCKROACH_CONNECT_TIMEOUT=4 timeout ${seconds} cockroach sql ${client} ${words} --format=csv ${each}`;
  };
  const sql = (seconds: number, ...statements: string[]) =>
    bounded(seconds, [`--database=${spec.database}`], statements);

  const external =
    spec.startFlags.map((flag) => /^--external-io-dir=(.*)$/.exec(flag)?.[1]).findLast(Boolean) ??
    `${spec.store}/extern`;

  return {
    name: 'cockroach',
    store: spec.store,
    programs: ['cockroach'],
    leaveOut: cockroachLeavesOut,
    immutable: ['*.sst'],
    server: { processes: ['cockroach'], word: ' start' },

    version: () => sh`timeout 10 cockroach version`,
    readVersion(output) {
      const tag = /^Build Tag:\s+(\S+)/m.exec(output)?.[1];
      return { version: tag ?? 'unknown', standIn: /stand-?in/i.test(output) };
    },

    health() {
      const scheme = spec.certsDir === undefined ? 'http' : 'https';
      const url = `${scheme}://${clientAddress(spec.http)}/health?ready=1`;
      const trust = spec.certsDir === undefined ? [] : ['--cacert', `${spec.certsDir}/ca.crt`];
      // Not in the application's database: a server is healthy before that is made.
      const select = bounded(6, [], ['select 1']);
      // A query alone succeeds while the node drains; where there is no curl it has to do.
      return sh`${select} > /dev/null && { ! command -v curl > /dev/null || curl -fsS -o /dev/null -m 3 ${trust} ${url}; }`;
    },

    start() {
      const server = [
        ...security,
        `--store=${spec.store}`,
        `--listen-addr=${spec.listen}`,
        `--http-addr=${spec.http}`,
        ...spec.startFlags,
        '--background',
        `--pid-file=${spec.store}/cockroach.pid`,
      ];
      return sh`timeout 45 cockroach start-single-node ${server}`;
    },
    reasonIn(log) {
      const lines = log.split('\n').filter((line) => /\w/.test(line) && !/^\* ?(WARNING|-|$)/.test(line));
      const reason = lines.findLast((line) => /error|fatal|panic/i.test(line)) ?? lines.at(-1);
      return reason?.replace(/^\*? *(ERROR: )*/, '');
    },
    stop: (pids) => signalProcesses('TERM', pids),

    looksBack: true,
    countRows(withinSeconds = 2, asOf) {
      const each = spec.tables.map((table) => `select '${table}' as name, count(*) as count from ${table}`);
      if (asOf === undefined) return sql(withinSeconds, each.join(' union all '));
      // Only a whole statement is of another time, not a part of one.
      return sql(withinSeconds, ...each.map((select) => `${select} as of system time '${timestampOf(asOf)}'`));
    },
    readRows: (output) => readRows(output, spec.tables),
    mark: (marker) =>
      sql(
        20,
        'create table if not exists runbook_marker (id varchar(200) primary key)',
        `insert into runbook_marker values ('${marker}') on conflict do nothing`,
      ),

    hasMarker: (marker) => sql(5, `select count(*) as count from runbook_marker where id = '${marker}'`),
    cannotOpen: cannotOpenCockroach,

    online: {
      cannot({ version }) {
        if (external === 'disabled') return 'it was started with --external-io-dir=disabled';
        return isOlder(version, 'v20.2') ? 'BACKUP INTO came with v20.2' : null;
      },
      obstacles: () => sh`:`,
      functions: () =>
        // In the foreground: a child that ends with the program's process group.
        cockroachOnline(sh`COCKROACH_CONNECT_TIMEOUT=4 timeout --foreground "$limit" cockroach sql ${client}`, spec),
      directory: `${external}/${ownInExternal}`,
      form: 'backup',
    },

    scratch: () => cockroachScratch(spec),
  };
}

/** `2026-11-20 02:00:00.123456`, which is UTC. */
const timestampOf = (instant: string) => instant.replace('T', ' ').replace('Z', '');

/** Where a client on the same host reaches what listens on `:26257` or on all addresses. */
function clientAddress(listen: string): string {
  return listen.replace(/^(0\.0\.0\.0|\[::\])?(?=:\d+$)/, 'localhost');
}
