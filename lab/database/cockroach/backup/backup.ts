import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { escapeLiteral } from 'pg';
import { connect } from '../client';
import { CommandFailure } from '../failure';
import { type Address } from '../flags';
import { lookBack, type Snapshot } from '../snapshots';
import { definitionsOf, expectTablesOnly } from './definition';
import { type Backup, sha256Of, type TableBackup, writeBackup } from './manifest';
import { type ExternalDirectory, nodelocal } from './nodelocal';

export interface BackupOptions {
  readonly address: Address;
  readonly external: ExternalDirectory;
  /** The collection, as `nodelocal://1/...`. */
  readonly into: string;
  /** The one database to back up. @default all */
  readonly database?: string | undefined;
  readonly jobId: string;
  /** Ends it early: what it has written stays, and is no backup. */
  readonly signal: AbortSignal;
}

/** Makes a backup of a snapshot in a collection: the rows of each table in a file, then what they are. */
export async function takeBackup(snapshot: Snapshot, options: BackupOptions): Promise<Backup> {
  const name = backupName(snapshot.time);
  const directory = nodelocal(`${options.into}/${name}`, options.external);
  const databases = options.database === undefined ? [...snapshot.ids.keys()] : [options.database];
  for (const database of databases)
    if (!snapshot.ids.has(database)) throw new CommandFailure(`database "${database}" does not exist`);
  if (existsSync(path.join(directory, 'BACKUP')))
    throw new CommandFailure(`${options.into}/${name} already contains a BACKUP file`);
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const made: { name: string; tables: TableBackup[] }[] = [];
  for (const database of databases)
    made.push({ name: database, tables: await tablesOf(database, snapshot, directory, options) });
  const backup: Backup = {
    endTime: snapshot.time.toISOString().replace('T', ' ').replace('Z', '000+00:00'),
    fullCluster: options.database === undefined,
    databases: made,
  };
  writeBackup(directory, backup);
  writeFileSync(path.join(directory, '../../../LATEST'), `/${name}`, { mode: 0o600 });
  return backup;
}

async function tablesOf(
  database: string,
  snapshot: Snapshot,
  directory: string,
  { address, jobId, signal }: BackupOptions,
): Promise<TableBackup[]> {
  const client = await connect(address, database);
  const { rows: session } = await client.query<{ pid: string }>('select pg_backend_pid() as pid');
  const end = () => void endSession(address, session[0]?.pid ?? '');
  signal.addEventListener('abort', end);
  try {
    signal.throwIfAborted();
    await lookBack(client, snapshot.ids.get(database) ?? '');
    await expectTablesOnly(client);
    const tables: TableBackup[] = [];
    for (const definition of await definitionsOf(client)) {
      const file = `${jobId}${database}.${tables.length}.sst`;
      const place = path.join(directory, file);
      const rows = `select * from ${definition.table}`;
      const { rowCount } = await client.query(`copy (${rows}) to ${escapeLiteral(place)} (format binary)`);
      const written = { sha256: await sha256Of(place), bytes: statSync(place).size, rows: rowCount ?? 0 };
      tables.push({ ...definition, file, ...written });
    }
    return tables;
  } finally {
    signal.removeEventListener('abort', end);
    await client.end().catch(() => undefined);
  }
}

/** PostgreSQL goes on with what a client has asked for when the client goes. */
async function endSession(address: Address, pid: string): Promise<void> {
  const client = await connect(address);
  await client.query('select pg_terminate_backend($1)', [pid]);
  await client.end();
}

/** `2026/11/21-082303.30`: the time of a backup, to a hundredth of a second, is its name. */
export function backupName(time: Date): string {
  const [, day, h, m, s] = /^(.*)T(\d\d):(\d\d):(\d\d\.\d\d)/.exec(time.toISOString()) ?? [];
  return `${day?.replaceAll('-', '/')}-${h}${m}${s}`;
}
