import { type Client, type QueryArrayResult } from 'pg';
import { readAsOf } from './as-of';
import { type Answer, isOfBackups } from './backup/statements';
import { connect, sqlFailure } from './client';
import { controlOf, order } from './control';
import { CommandFailure } from './failure';
import { CLIENT_FLAGS, parseAddress, parseFlags } from './flags';
import { cancelJobs, withJobs } from './job-statements';
import { parseRowFormat, renderResult, renderRows } from './rows';
import { lookBack } from './snapshots';

/**
 * `cockroach sql -e ...`: runs the statements in order and prints each result as soon as it is there.
 *
 * Stops at the first `-e` that fails; what earlier ones printed stays printed. The dialect is PostgreSQL's.
 */
export async function sql(argv: readonly string[]): Promise<void> {
  const { values } = parseFlags(argv, {
    ...CLIENT_FLAGS,
    execute: { type: 'string', short: 'e', multiple: true },
    database: { type: 'string', short: 'd' },
    user: { type: 'string', short: 'u' },
    url: { type: 'string' },
  });
  const format = parseRowFormat(values.format);
  const url = values.url === undefined ? undefined : new URL(values.url);
  const seconds = url?.searchParams.get('connect_timeout') ?? process.env.COCKROACH_CONNECT_TIMEOUT ?? '15';
  if (!values.execute) throw new CommandFailure('the stand-in has no interactive shell: pass statements with -e');

  const client = await connect(
    parseAddress(url?.host ?? values.host, 26257),
    values.database ?? (url?.pathname.slice(1) || 'defaultdb'),
    Number(seconds) * 1000,
  );
  try {
    for (const statement of values.execute) {
      if (isOfBackups(statement)) {
        const { columns, rows } = await order<Answer>(await controlOf(client), 'statement', { statement });
        process.stdout.write(renderRows(columns, rows, format));
        continue;
      }
      const canceled = await cancelJobs(client, statement);
      if (canceled !== undefined) {
        process.stdout.write(canceled);
        continue;
      }
      for (const result of await query(client, statement))
        process.stdout.write(renderResult(result, statement, format));
    }
  } catch (error) {
    throw sqlFailure(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

type Results = QueryArrayResult<(string | null)[]>[];

/** Runs a statement, in the past if it says so. A time relative to now is taken as now. */
async function query(client: Client, statement: string): Promise<Results> {
  const asOf = readAsOf(await withJobs(client, statement));
  const run = async (text: string): Promise<Results> => {
    const results: unknown = await client.query({ text, rowMode: 'array' });
    return [results].flat() as Results;
  };
  if (asOf.time === undefined) return run(asOf.query);
  if (asOf.time.startsWith('-')) return run(asOf.query);
  const details = { database: client.database, time: asOf.time };
  const { id } = await order<{ id?: string }>(await controlOf(client), 'snapshot', details);
  if (id === undefined) throw new CommandFailure(`database "${client.database}" does not exist`, '3D000');
  await lookBack(client, id);
  const results = await run(asOf.query);
  await client.query('commit');
  return results;
}
