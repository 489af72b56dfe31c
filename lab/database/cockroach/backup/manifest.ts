import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandFailure } from '../failure';
import { type TableDefinition } from './definition';
import { missing } from './nodelocal';

/** A table in a backup, with the file that has its rows. */
export interface TableBackup extends TableDefinition {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
}

/** What the file `BACKUP` of a backup says. */
export interface Backup {
  /** As `show backup` prints it. */
  readonly endTime: string;
  readonly fullCluster: boolean;
  readonly databases: readonly { readonly name: string; readonly tables: readonly TableBackup[] }[];
}

/** Writes what makes a directory a backup; its data files must be there. */
export function writeBackup(directory: string, backup: Backup): void {
  const text = JSON.stringify(backup, null, 1);
  writeFileSync(path.join(directory, 'BACKUP-CHECKSUM'), checksum(text));
  writeFileSync(path.join(directory, 'BACKUP'), text);
}

/** @throws CommandFailure if there is none, or a damaged one. Says nothing of its data files. */
export function readBackup(directory: string): Backup {
  const file = path.join(directory, 'BACKUP');
  if (!existsSync(file)) throw missing(file);
  const text = readFileSync(file, 'utf8');
  const sums = path.join(directory, 'BACKUP-CHECKSUM');
  if (existsSync(sums) && readFileSync(sums, 'utf8') !== checksum(text))
    throw new CommandFailure('checksum mismatch for BACKUP');
  return JSON.parse(text) as Backup;
}

/** The backups in a collection, oldest first, by their paths in it. None if there is no collection. */
export function backupsIn(collection: string): string[] {
  if (!existsSync(collection)) return [];
  return readdirSync(collection, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^\d{4}\/\d\d\/[\d.-]+\/BACKUP$/.test(file))
    .map((file) => path.dirname(file))
    .sort();
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
