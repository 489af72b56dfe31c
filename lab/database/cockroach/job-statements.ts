import { type Client, escapeLiteral } from 'pg';
import { type Job } from './backup/jobs';
import { controlOf, order } from './control';

const COLUMNS = `job_id bigint, job_type text, description text, statement text, user_name text, status text,
  running_status text, created timestamptz, started timestamptz, finished timestamptz, modified timestamptz,
  fraction_completed real, error text, coordinator_id bigint`;

/** A query with the server's jobs in the place of `[show jobs]`. */
export async function withJobs(client: Client, query: string): Promise<string> {
  const source = /\[\s*show\s+jobs\s*\]/gi;
  if (!source.test(query)) return query;
  const { jobs } = await order<{ jobs: Job[] }>(await controlOf(client), 'jobs');
  const rows = `(select * from jsonb_to_recordset(${escapeLiteral(JSON.stringify(jobs))}) as job(${COLUMNS})) as jobs`;
  return query.replace(source, () => rows);
}

/** Carries out `cancel job <id>` and `cancel jobs (<query>)`; returns its tag line, or undefined if it is neither. */
export async function cancelJobs(client: Client, statement: string): Promise<string | undefined> {
  const [, which] = /^\s*cancel\s+jobs?\s+(\d+|\(?\s*select\b[^]*)$/i.exec(statement) ?? [];
  if (which === undefined) return undefined;
  const query = /^\d/.test(which) ? `select ${which}` : await withJobs(client, which);
  const { rows } = await client.query<string[]>({ text: query, rowMode: 'array' });
  const ids = rows.map(([id]) => id ?? '');
  await order(await controlOf(client), 'cancel', { ids: ids.join(',') });
  return `CANCEL JOBS ${ids.length}\n`;
}
