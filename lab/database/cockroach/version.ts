import { postgresVersion } from './postgres';

/** What `node status` shows as build. */
export const BUILD_TAG = 'v20.2.0-stand-in';

/** PostgreSQL has no ranges: a figure that says "some, none of them unavailable or under-replicated". */
export const RANGES = '40';

/** `cockroach version`: the real program's lines, saying that this is none. `--build-tag` prints the tag alone, as newer releases do. */
export async function version(argv: readonly string[]): Promise<void> {
  if (argv.includes('--build-tag')) {
    process.stdout.write(`${BUILD_TAG}\n`);
    return;
  }
  process.stdout.write(
    [
      ['Build Tag:', BUILD_TAG],
      ['Distribution:', `stand-in for CockroachDB, backed by PostgreSQL ${postgresVersion()}`],
      ['Platform:', `${process.platform} ${process.arch}`],
    ]
      .map(([name = '', value]) => `${name.padEnd(18)}${value}\n`)
      .join(''),
  );
}
