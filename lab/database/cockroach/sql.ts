import { type QueryArrayResult } from 'pg';
import { connect, sqlFailure } from './client';
import { CommandFailure } from './failure';
import { CLIENT_FLAGS, parseAddress, parseFlags } from './flags';
import { parseRowFormat, renderResult } from './rows';

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
      const results: unknown = await client.query({ text: statement, rowMode: 'array' });
      for (const result of [results].flat() as QueryArrayResult<(string | null)[]>[])
        process.stdout.write(renderResult(result, statement, format));
    }
  } catch (error) {
    throw sqlFailure(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
