import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client, DatabaseError, type QueryArrayResult } from 'pg';

/** As the real program ends: with 1 when a statement fails, with 2 when there is no connection. */
const FAILED = 1;
const NOT_CONNECTED = 2;

/**
 * A small `psql`, for hosts that have PostgreSQL's server but not its client: runs each `-c`, or standard input, and
 * prints rows unaligned. It knows the flags below, and of the commands that begin with a backslash `\!`; what it prints
 * and how it ends is as with the real program and `ON_ERROR_STOP`.
 */
async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      command: { type: 'string', short: 'c', multiple: true },
      dbname: { type: 'string', short: 'd' },
      'field-separator': { type: 'string', short: 'F', default: '|' },
      host: { type: 'string', short: 'h' },
      port: { type: 'string', short: 'p' },
      username: { type: 'string', short: 'U' },
      'tuples-only': { type: 'boolean', short: 't' },
      variable: { type: 'string', short: 'v', multiple: true },
      version: { type: 'boolean', short: 'V' },
      // What there is no other way of here.
      'no-align': { type: 'boolean', short: 'A' },
      'no-password': { type: 'boolean', short: 'w' },
      'no-psqlrc': { type: 'boolean', short: 'X' },
      quiet: { type: 'boolean', short: 'q' },
    },
  });
  if (values.version) {
    process.stdout.write("psql (the lab's own, with some of the real program's flags)\n");
    return 0;
  }
  const client = new Client({
    ...{ host: values.host, port: values.port ? Number(values.port) : undefined },
    ...{ user: values.username, database: values.dbname },
    connectionTimeoutMillis: Number(process.env.PGCONNECT_TIMEOUT ?? 0) * 1000,
    types: { getTypeParser: () => (value: string | Buffer) => value },
  });
  client.on('error', () => undefined); // it fails the statement that waits
  try {
    await client.connect();
  } catch (error) {
    process.stderr.write(`psql: error: ${message(error)}\n`);
    return NOT_CONNECTED;
  }
  try {
    for (const statement of values.command ?? [readFileSync(0, 'utf8')]) {
      if (statement.startsWith('\\')) {
        backslash(statement.slice(1));
        continue;
      }
      const results: unknown = await client.query({ text: statement, rowMode: 'array' });
      for (const { fields, rows } of [results].flat() as QueryArrayResult<(string | null)[]>[]) {
        if (fields.length === 0) continue;
        const head = values['tuples-only'] ? [] : [fields.map(({ name }) => name)];
        for (const row of [...head, ...rows])
          process.stdout.write(`${row.map((value) => value ?? '').join(values['field-separator'])}\n`);
      }
    }
    return 0;
  } catch (error) {
    process.stderr.write(`${message(error)}\n`);
    return FAILED;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** `\!`: the shell runs a command while the session stays open. How the command ends is not looked at. */
function backslash(command: string): void {
  if (!command.startsWith('!')) throw new Error(`invalid command \\${command.split(/\s/, 1)[0]}`);
  spawnSync('sh', ['-c', command.slice(1).trimStart()], { stdio: 'inherit' });
}

function message(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return error instanceof DatabaseError ? `${error.severity ?? 'ERROR'}:  ${text}` : text;
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
