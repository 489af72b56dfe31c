import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import { connect } from '../client';
import { CommandFailure } from '../failure';
import { type Address } from '../flags';
import { databasesOf } from '../snapshots';
import { definitionsOf } from './definition';
import { type Backup, sha256Of, type TableBackup } from './manifest';
import { missing } from './nodelocal';

const FIRST = 'defaultdb';

/**
 * Restores a backup: the whole cluster into one that has nothing yet, or one of its databases.
 *
 * Of a restore that fails nothing is left.
 *
 * @throws CommandFailure in the words of the real program; a damaged or missing data file is found when it is read
 */
export async function restoreBackup(
  directory: string,
  backup: Backup,
  { address, database }: { readonly address: Address; readonly database?: string | undefined },
): Promise<void> {
  const present = await databasesOf(address);
  if (database === undefined) await expectEmpty(address, present);
  else if (present.includes(database)) throw new CommandFailure(`database "${database}" already exists`);
  const wanted = backup.databases.filter(({ name }) => database === undefined || name === database);
  if (database !== undefined && wanted.length === 0)
    throw new CommandFailure(
      `failed to resolve targets specified in the RESTORE statement: database "${database}" does not exist`,
    );

  const admin = await connect(address);
  const created: string[] = [];
  try {
    for (const { name, tables } of wanted) {
      if (!present.includes(name)) {
        await admin.query(`create database ${escapeIdentifier(name)}`);
        created.push(name);
      }
      await restoreTables(address, name, directory, tables);
    }
  } catch (error) {
    for (const name of created) await admin.query(`drop database ${escapeIdentifier(name)} with (force)`);
    throw error;
  } finally {
    await admin.end();
  }
}

async function expectEmpty(address: Address, databases: readonly string[]): Promise<void> {
  let found = 0;
  for (const name of databases) {
    const client = await connect(address, name);
    try {
      await client.query('begin');
      found += (await definitionsOf(client)).length + (name === FIRST ? 0 : 1);
    } finally {
      await client.end();
    }
  }
  if (found > 0)
    throw new CommandFailure(
      `full cluster restore can only be run on a cluster with no tables or databases but found ${found} descriptors`,
    );
}

async function restoreTables(
  address: Address,
  database: string,
  directory: string,
  tables: readonly TableBackup[],
): Promise<void> {
  const client = await connect(address, database);
  try {
    await client.query('begin');
    for (const [index, table] of tables.entries()) await fill(client, directory, table, index + 1);
    for (const { references } of tables) for (const statement of references) await client.query(statement);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

async function fill(client: Client, directory: string, table: TableBackup, number: number): Promise<void> {
  const file = path.join(directory, table.file);
  const span = `importing span /Table/${number}/{1-2}`;
  if (!existsSync(file)) throw new CommandFailure(`${span}: fetching "${table.file}": ${missing(file).message}`);
  if ((await sha256Of(file)) !== table.sha256) throw new CommandFailure(`${span}: checksum mismatch for ${table.file}`);
  await client.query(`create schema if not exists ${escapeIdentifier(table.schema)}`);
  await client.query(table.create);
  await client.query(`copy ${table.table} from ${escapeLiteral(file)} (format binary, freeze)`);
  for (const statement of table.complete) await client.query(statement);
}
