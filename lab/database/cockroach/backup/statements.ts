import path from 'node:path';
import { CommandFailure } from '../failure';
import { type Address } from '../flags';
import { settle } from '../settle';
import { type Snapshots } from '../snapshots';
import { type Store } from '../store';
import { backupName, takeBackup } from './backup';
import { type Jobs } from './jobs';
import { type Backup, backupsIn, readBackup, type TableBackup } from './manifest';
import { type ExternalDirectory, nodelocal } from './nodelocal';
import { restoreBackup } from './restore';

export interface BackupServer {
  readonly address: Address;
  readonly store: Store;
  readonly external: ExternalDirectory;
  readonly snapshots: Snapshots;
  readonly jobs: Jobs;
}

/** A statement's answer, every value as it is printed. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** True for a statement that the server itself carries out: PostgreSQL knows none of them. */
export const isOfBackups = (statement: string): boolean => /^\s*(backup|restore|show\s+backups?)\b/i.test(statement);

/** One kind of statement: how it is written, and what it does with the words in it. */
interface Kind {
  readonly written: RegExp;
  readonly run: (words: Readonly<Record<string, string | undefined>>, server: BackupServer) => Promise<Answer>;
}

const KINDS: readonly Kind[] = [
  {
    written: /^backup into latest in\b/i,
    run: (_, { store }) => {
      const url = `https://cockroachlabs.com/pricing?cluster=${store.clusterId()}`;
      throw new CommandFailure(
        `use of BACKUP with incremental requires an enterprise license. see ${url} for details on how to enable enterprise features`,
        'XXC02',
      );
    },
  },
  {
    written: /^backup (database (?<database>\w+) )?into '(?<into>[^']*)'( as of system time '(?<time>[^']*)')?$/i,
    async run({ database, into = '', time }, { address, external, snapshots, jobs }) {
      const relative = time === undefined || time.startsWith('-');
      const snapshot = await (relative ? snapshots.now() : snapshots.at(time));
      try {
        const what = `BACKUP ${database === undefined ? '' : `DATABASE ${database} `}INTO`;
        return await jobs.run(
          'BACKUP',
          `${what} '/${backupName(snapshot.time)}' IN '${into}'`,
          async (jobId, signal) => {
            const backup = await takeBackup(snapshot, { address, external, into, database, jobId, signal });
            return job(
              jobId,
              backup.databases.flatMap(({ tables }) => tables),
            );
          },
        );
      } finally {
        if (relative) await snapshot.release();
      }
    },
  },
  {
    written:
      /^restore (database (?<database>\w+) )?from (('(?<subdirectory>[^']*)'|(?<latest>latest)) in )?'(?<from>[^']*)'$/i,
    async run({ database, subdirectory, latest, from = '' }, { address, external, store, jobs }) {
      const directory = path.join(nodelocal(from, external), subdirectory ?? latest ?? '');
      const backup = readBackup(directory);
      return jobs.run('RESTORE', `RESTORE FROM '${from}'`, async (jobId) => {
        await restoreBackup(directory, backup, { address, database });
        await settle(address, store);
        const restored = backup.databases.filter(({ name }) => database === undefined || name === database);
        return job(
          jobId,
          restored.flatMap(({ tables }) => tables),
        );
      });
    },
  },
  {
    written: /^show backups in '(?<collection>[^']*)'$/i,
    run: async ({ collection = '' }, { external }) => ({
      columns: ['path'],
      rows: backupsIn(nodelocal(collection, external)).map((name) => [name]),
    }),
  },
  {
    written: /^show backup ('(?<subdirectory>[^']*)' in )?'(?<from>[^']*)'$/i,
    run: async ({ subdirectory = '', from = '' }, { external }) =>
      tablesOf(readBackup(path.join(nodelocal(from, external), subdirectory))),
  },
];

/** Carries out `backup`, `restore` and `show backup`, for one database or all, on `nodelocal` storage. */
export async function runBackupStatement(statement: string, server: BackupServer): Promise<Answer> {
  const text = statement.trim().replace(/\s*;$/, '').replace(/\s+/g, ' ');
  for (const { written, run } of KINDS) {
    const match = written.exec(text);
    if (match) return run(match.groups ?? {}, server);
  }
  const near = /^(?:backup|restore|show backups?) ([^ ]*)/i.exec(text)?.[1] ?? 'EOF';
  throw new CommandFailure(`at or near "${near}": syntax error`, '42601');
}

function job(id: string, tables: readonly TableBackup[]): Answer {
  const sum = (of: (table: TableBackup) => number) => String(tables.reduce((total, table) => total + of(table), 0));
  return {
    columns: ['job_id', 'status', 'fraction_completed', 'rows', 'index_entries', 'bytes'],
    rows: [[id, 'succeeded', '1', sum(({ rows }) => rows), sum((t) => t.rows * t.indexes), sum(({ bytes }) => bytes)]],
  };
}

function tablesOf({ databases, endTime, fullCluster }: Backup): Answer {
  return {
    columns: ['database_name', 'table_name', 'start_time', 'end_time', 'size_bytes', 'rows', 'is_full_cluster'],
    rows: databases.flatMap(({ name, tables }) =>
      tables.map((table) => [
        ...[name, table.name, 'NULL', endTime, String(table.bytes), String(table.rows), String(fullCluster)],
      ]),
    ),
  };
}
