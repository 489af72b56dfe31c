import { escapeIdentifier, type Client } from 'pg';
import { definitionsOf, type TableDefinition } from './backup/definition';
import { connect } from './client';
import { type Address } from './flags';
import { databasesOf } from './snapshots';
import { type Store } from './store';

/**
 * Tables with rows that are not settled yet. One that is a part of another or has parts, that refers to another or is
 * referred to, is left as it is.
 */
const UNSETTLED = `
  select format('%I.%I', nspname, relname) as table from pg_class join pg_namespace n on n.oid = relnamespace
  where relkind = 'r' and relpersistence = 'p' and nspname not in ('pg_catalog', 'information_schema', 'settled')
    and pg_relation_size(pg_class.oid) > 0
    and not exists (select from pg_inherits where pg_class.oid in (inhrelid, inhparent))
    and not exists (select from pg_constraint where contype = 'f' and pg_class.oid in (conrelid, confrelid))`;

const SETTLED = `select oid::regclass as table from pg_class where relnamespace = to_regnamespace('settled') and relkind = 'r'`;

/** The files of all settled tables and their indexes, by their paths in the data directory. */
const FILES = `
  with held as (select oid, reltoastrelid from pg_class where relnamespace = to_regnamespace('settled') and relkind = 'r'),
    tables as (
      select oid from held union select reltoastrelid from held where reltoastrelid <> 0 and pg_relation_size(reltoastrelid) > 0
    )
  select pg_relation_filepath(oid) as path from tables
  union all select pg_relation_filepath(indexrelid) from pg_index join tables on indrelid = tables.oid`;

const PREPARE = `
  create schema if not exists settled;
  create or replace function settled.refuse() returns trigger language plpgsql as $$
  begin
    raise exception 'the rows that % had when it was settled cannot be changed: the stand-in keeps them in files that stay as they are',
      tg_table_name;
  end $$`;

/**
 * Moves the rows that all tables have into files of the store that never change again, `*.sst`, as the real program has
 * its data in. The rest stays small.
 *
 * Clients may go on, and see the same rows; what they write stays changeable. Settled rows refuse to be updated or
 * deleted; a lock on one (`select ... for update`) would change its file. A table is settled once.
 * Cut short and begun again, it goes on.
 */
export async function settle(address: Address, store: Store): Promise<void> {
  for (const database of await databasesOf(address)) {
    const client = await connect(address, database);
    try {
      await client.query('begin');
      const { rows } = await client.query<{ table: string }>(UNSETTLED);
      for (const definition of await definitionsOf(client))
        if (rows.some(({ table }) => table === definition.table)) await settleTable(client, definition);
      await client.query('commit');
      // Frozen, rows are not touched by those who read them either.
      const settled = await client.query<{ table: string }>(SETTLED);
      for (const { table } of settled.rows) await client.query(`vacuum (freeze, analyze) ${table}`);
      await client.query('checkpoint');
      const files = await client.query<{ path: string }>(FILES);
      for (const { path } of files.rows) store.settle(path);
    } finally {
      await client.end();
    }
  }
}

/** The table becomes the settled part of an empty one like it. */
async function settleTable(client: Client, { schema, name, table, complete }: TableDefinition): Promise<void> {
  const held = escapeIdentifier(`${schema}.${name}`);
  await client.query(`${PREPARE};
    alter table ${table} set schema settled;
    alter table settled.${escapeIdentifier(name)} rename to ${held};
    create table ${table} (like settled.${held} including all excluding constraints excluding indexes);
    ${complete.map((statement) => `${statement};`).join('\n')}
    alter table settled.${held} inherit ${table};
    alter table settled.${held} set (autovacuum_enabled = off);
    create trigger settled before update or delete on settled.${held} for each row execute function settled.refuse()`);
}
