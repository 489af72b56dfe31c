import { Client } from 'pg';

export interface SeedOptions {
  readonly host: string;
  readonly port: number;
  /** Size of the store after seeding, in megabytes, to within a fifth from 50 up; an empty store has about 32 or less. @default 200 */
  readonly megabytes?: number;
  /** A database that is there. @default 'defaultdb' */
  readonly firstDatabase?: string;
}

/** Rows in each table. */
export type RowCounts = Readonly<Record<'users' | 'posts' | 'comments', number>>;

const EMPTY_STORE_MB = 32;

/**
 * Text that compresses as real posts do, to about a third: half digest, half words.
 * A row stays below the size at which PostgreSQL would compress it itself.
 */
const prose = (key: string, parts: number) =>
  Array.from({ length: parts }, (_, n) => `md5(${key} || '-${n}') || ' and then we all `)
    .join(`' || `)
    .concat(`'`);

/**
 * Creates the database `bookface` with its tables and fills them, the same rows every time. Returns the number of rows.
 *
 * The database must not exist. About 4 s for 200 MB.
 */
export async function seedDatabase({
  host,
  port,
  megabytes = 200,
  firstDatabase = 'defaultdb',
}: SeedOptions): Promise<RowCounts> {
  const admin = new Client({ host, port, user: 'root', database: firstDatabase });
  await admin.connect();
  try {
    await admin.query('create database bookface');
  } finally {
    await admin.end();
  }

  const scale = Math.max(megabytes - EMPTY_STORE_MB, 1);
  const rows = { users: scale * 40, posts: scale * 400, comments: scale * 1600 };
  const client = new Client({ host, port, user: 'root', database: 'bookface' });
  await client.connect();
  try {
    await client.query('create table users (id bigint primary key, name text not null, joined timestamptz not null)');
    await client.query(
      `create table posts (id text primary key, user_id bigint not null, body text not null, created_at timestamptz not null default now())`,
    );
    await client.query(
      `create table comments (id bigint primary key, post_id text not null, user_id bigint not null, body text not null)`,
    );
    const when = `timestamptz '2026-01-01 00:00:00+00' + n * interval '1 minute'`;
    const fill = async (table: keyof RowCounts, columns: string) => {
      await client.query(`insert into ${table} select ${columns} from generate_series(1, ${rows[table]}) as n`);
    };
    await fill('users', `n, 'student ' || n::text, ${when}`);
    await fill('posts', `'seed-' || n::text, n % ${rows.users} + 1, ${prose('n::text', 20)}, ${when}`);
    await fill(
      'comments',
      `n, 'seed-' || (n % ${rows.posts} + 1)::text, n % ${rows.users} + 1, ${prose('n::text', 4)}`,
    );
    await client.query('create index posts_created_at on posts (created_at)');
    // PostgreSQL only: leaves the files as they will stay, instead of at the first read, and the log short.
    for (const statement of ['vacuum (freeze, analyze)', 'checkpoint'])
      await client.query(statement).catch(() => undefined);
    return rows;
  } finally {
    await client.end();
  }
}
