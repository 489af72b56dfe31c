import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunReport } from '../../cli/report/report';
import { type History } from '../../cli/report/history';
import { type LabStatus } from '../../lab/control';
import { type Paths } from '../../lab/paths';
import { type Archives, verifiedArchives } from './archives';
import { type DataEvidence, hasSnapshot } from './data';

/** Everything that can be known about a case once run and guard have ended. */
export interface Evidence {
  /** Epoch ms; the times of the case. */
  readonly startedAt: number;
  readonly struckAt: number;
  /** From the blow until the site was as found for good. */
  readonly asFoundMs: number;
  readonly status: LabStatus;
  /** What the server says of the run, in its own words. */
  readonly serverStatus: string;
  readonly guardStatus: string | null;
  readonly history: History;
  readonly report: RunReport;
  readonly lockHolders: readonly string[];
  readonly before: Archives;
  readonly after: Archives;
  /** Names of the verified archives that `runbook backups` would show. */
  readonly catalogue: readonly string[];
  /** What lay on the hosts' disks before: a server that lost power in an earlier case has left it. */
  readonly tracesBefore: Traces;
  readonly traces: Traces;
  /** Null for a runbook that replaces no data. */
  readonly data: DataEvidence | null;
}

/** What lies on the hosts' disks, read from outside. */
export interface Traces {
  /** Launches by key, of the jobs of backup server and database host. */
  readonly launches: Readonly<Record<string, number>>;
  /** Keys of pulls that each host still accepts. */
  readonly pullKeys: Readonly<Record<'db1' | 'backup', number>>;
  readonly workplace: boolean;
  /** Beside the store, for a copy. */
  readonly snapshot: boolean;
}

export { verifiedArchives };

export function tracesOf(paths: Paths): Traces {
  return {
    launches: Object.fromEntries((['db1', 'backup'] as const).flatMap((host) => launchesOn(paths.disk(host)))),
    pullKeys: { db1: pullKeysOn(paths.disk('db1')), backup: pullKeysOn(paths.disk('backup')) },
    workplace: existsSync(join(paths.backupVolume, 'bookface/.work')),
    snapshot: hasSnapshot(paths),
  };
}

function launchesOn(disk: string): readonly (readonly [key: string, launches: number])[] {
  const jobs = join(disk, 'root/.runbook/jobs');
  const launched = existsSync(jobs) ? readdirSync(jobs).filter((key) => existsSync(join(jobs, key, 'launches'))) : [];
  return launched.map((key) => [key, linesOf(join(jobs, key, 'launches')).length] as const);
}

function pullKeysOn(disk: string): number {
  const keys = join(disk, 'root/.ssh/authorized_keys');
  return existsSync(keys) ? linesOf(keys).filter((line) => line.includes('runbook-pull-')).length : 0;
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);

/** Whether the site looks as it did before any run. */
export function isAsFound({ serving, database, servers, floatingIp }: LabStatus): boolean {
  const { backup } = servers;
  return (
    serving === 'production' &&
    database.running &&
    backup?.status === 'SHUTOFF' &&
    backup.taskState === null &&
    floatingIp.at === 'balancer'
  );
}

/** How long visitors were not served from `from` on, in ms. */
export function downtimeSince({ visitor }: LabStatus, from: number): number {
  const outages = visitor.outages.filter(({ to }) => Date.parse(to) > from);
  return outages.reduce((sum, { ms }) => sum + ms, 0);
}
