import { type Client } from 'pg';
import { CommandFailure } from '../failure';

/** How to make a table, in SQL. */
export interface TableDefinition {
  readonly schema: string;
  readonly name: string;
  /** The two, quoted. */
  readonly table: string;
  readonly create: string;
  /** Constraints and indexes, for when the rows are in. */
  readonly complete: readonly string[];
  /** For when all tables are complete. */
  readonly references: readonly string[];
  readonly indexes: number;
}

const OURS = `nspname not in ('pg_catalog', 'information_schema', 'settled') and nspname not like 'pg\\_t%'`;

const DEFINITIONS = `
  select nspname as schema, relname as name, format('%I.%I', nspname, relname) as table,
    format('create table %I.%I (%s)', nspname, relname, (
      select string_agg(
        format('%I %s', attname, format_type(atttypid, atttypmod))
          || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
          || case when attnotnull then ' not null' else '' end,
        ', ' order by attnum)
      from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
      where attrelid = c.oid and attnum > 0 and not attisdropped
    )) as create,
    array(
      select format('alter table %I.%I add constraint %I %s', nspname, relname, conname, pg_get_constraintdef(oid))
      from pg_constraint where conrelid = c.oid and contype in ('p', 'u', 'c') order by conname
    ) || array(
      select pg_get_indexdef(indexrelid) from pg_index
      where indrelid = c.oid and not exists (select from pg_constraint where conindid = indexrelid) order by 1
    ) as complete,
    array(
      select format('alter table %I.%I add constraint %I %s', nspname, relname, conname, pg_get_constraintdef(oid))
      from pg_constraint where conrelid = c.oid and contype = 'f' order by conname
    ) as references,
    (select count(*)::int from pg_index where indrelid = c.oid and not indisprimary) as indexes
  from pg_class c join pg_namespace n on n.oid = relnamespace
  where relkind = 'r' and ${OURS} order by 1, 2`;

const OTHERS = `
  select coalesce(string_agg(format('%I.%I', nspname, relname), ', '), '') as names
  from pg_class c join pg_namespace n on n.oid = relnamespace where relkind in ('v', 'm', 'S', 'p', 'f') and ${OURS}`;

/** @throws CommandFailure if a database has something else than tables: it would not be in a backup */
export async function expectTablesOnly(client: Client): Promise<void> {
  const others = (await client.query<{ names: string }>(OTHERS)).rows[0]?.names;
  if (others) throw new CommandFailure(`the stand-in backs up tables only, and there are: ${others}`);
}

/** The tables of a database as they are in the client's transaction; those that are settled as if they were not. */
export async function definitionsOf(client: Client): Promise<TableDefinition[]> {
  await client.query(`set local search_path = pg_catalog`);
  const { rows } = await client.query<{ definitions: string }>(
    `select coalesce(json_agg(definition), '[]') as definitions from (${DEFINITIONS}) as definition`,
  );
  return JSON.parse(rows[0]?.definitions ?? '[]') as TableDefinition[];
}
