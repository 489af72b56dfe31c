import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import { temporalConfig } from '../workers/config';
import { pollersOf } from '../workers/pollers';
import { type Context } from './context';
import { CommandError, ExitCode } from './exit';

export interface TemporalAccess {
  readonly client: Client;
  readonly connection: Connection;
  readonly namespace: string;
  readonly address: string;
}

const connectTimeoutMs = 5_000;
const answerWithinMs = 10_000;

/** Runs `body` with a connection to the Temporal of the environment; exit code 3 if there is none. */
export async function withTemporal<T>(
  { env }: Pick<Context, 'env'>,
  body: (access: TemporalAccess) => Promise<T>,
): Promise<T> {
  const { connection: config, namespace } = configOf(env);
  const { address } = config;
  const connection = await Connection.connect({ ...config, connectTimeout: connectTimeoutMs }).catch((error: Error) => {
    throw new CommandError(
      ExitCode.unreachable,
      `Temporal cannot be reached at ${address}: ${error.message}. Set TEMPORAL_ADDRESS, or: runbook lab up`,
    );
  });
  try {
    return await body({ client: new Client({ connection, namespace }), connection, namespace, address });
  } catch (error) {
    throw unreachable(error)
      ? new CommandError(ExitCode.unreachable, `Temporal at ${address}: ${causeText(error)}`)
      : error;
  } finally {
    await connection.close();
  }
}

/**
 * Asks something that only a worker can answer; exit code 3 if none has polled the queue lately, or none answers.
 */
export async function askWorker<T>(access: TemporalAccess, queue: string, ask: () => Promise<T>): Promise<T> {
  await requirePoller(access, queue);
  try {
    return await access.connection.withDeadline(Date.now() + answerWithinMs, ask);
  } catch (error) {
    if (!unreachable(error)) throw error;
    throw new CommandError(
      ExitCode.unreachable,
      `no worker on queue ${queue} answered within ${answerWithinMs / 1000} s`,
    );
  }
}

/** Exit code 3 if no worker has been seen on the queue in the last 70 s. */
export async function requirePoller({ connection, namespace }: TemporalAccess, queue: string): Promise<void> {
  if ((await pollersOf(connection, namespace, queue)).length) return;
  throw new CommandError(
    ExitCode.unreachable,
    `no worker has polled queue ${queue} in the last 70 s; start one: runbook worker`,
  );
}

/** Whether the server, or what it asked in turn, gave no answer in time. */
export function unreachable(error: unknown): boolean {
  const unavailable = [1, 4, 14];
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (isGrpcServiceError(cause)) return unavailable.includes(cause.code);
  return false;
}

function configOf(env: NodeJS.ProcessEnv) {
  try {
    return temporalConfig(env);
  } catch (error) {
    throw new CommandError(ExitCode.usage, `Temporal configuration: ${causeText(error)}`);
  }
}

function causeText(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest instanceof Error ? deepest.message : String(deepest);
}
