import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { CommandFailure, cannotDial } from './failure';
import { formatAddress, type Address } from './flags';

/** A connection as user root, with every value left in its text form. */
export async function connect(address: Address, database = 'defaultdb', timeoutMs = 15_000): Promise<Client> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const client = new Client({
      ...address,
      database,
      user: 'root',
      connectionTimeoutMillis: Math.max(1, deadline - Date.now()),
      types: { getTypeParser: () => (value: string | Buffer) => value },
    });
    // A connection that dies between two statements fails the next statement; without a listener it would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      // The real server accepts connections while it starts and says nothing: its clients wait.
      if (!isStartingUp(error) || Date.now() > deadline) throw connectFailure(error, address);
      await sleep(20);
    }
  }
}

/** A driver's error in the words of `cockroach`. */
export function sqlFailure(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (isRefusing(error)) return new CommandFailure('server is not accepting clients', '57P01');
  const near = /^syntax error at or near (".*")$/.exec(error.message)?.[1];
  return new CommandFailure(near ? `at or near ${near}: syntax error` : error.message, error.code);
}

/** True for the answer of a server that drains or has drained. */
export function isRefusing(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '57P03' && error.message.includes('shutting down');
}

function isStartingUp(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '57P03' && !isRefusing(error);
}

function connectFailure(error: unknown, address: Address): unknown {
  const dial = `dial tcp ${formatAddress(address)}:`;
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED')
    return cannotDial(`${dial} connect: connection refused`);
  if (error instanceof Error && /timeout/i.test(error.message)) return cannotDial(`${dial} i/o timeout`);
  return sqlFailure(error);
}
