import { Client } from 'pg';
import { type FindPosts } from './visitor';

/** Looks posts up in the database itself, at `host:port`, past the application. */
export function findPostsIn(address: string): FindPosts {
  return async (ids) => {
    const client = new Client({
      connectionString: `postgresql://root@${address}/bookface`,
      connectionTimeoutMillis: 5_000,
    });
    // It may be stopped while it answers: the query fails, and nobody else needs to hear of it.
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<{ id: string }>('select id from posts where id = any($1)', [ids]);
      return rows.map(({ id }) => id);
    } finally {
      await client.end();
    }
  };
}
