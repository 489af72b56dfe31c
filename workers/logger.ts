import { DefaultLogger, type LogEntry, type Logger } from '@temporalio/worker';

/** What goes wrong in a worker, a line each: when, what, in which run, and why. */
export function workerLogger(say: (line: string) => void): Logger {
  return new DefaultLogger('WARN', (entry) => say(lineOf(entry)));
}

function lineOf({ level, message, meta, timestampNanos }: LogEntry): string {
  const { activityType, attempt, workflowId, error, ...more } = (meta ?? {}) as Meta;
  const words = [
    new Date(Number(timestampNanos / 1_000_000n)).toISOString(),
    level,
    message,
    ...(activityType ? [`${activityType}, attempt ${attempt ?? 1},`] : []),
    ...(workflowId ? [`of ${workflowId}:`] : []),
    ...(error === undefined ? [] : [errorText(error)]),
    ...(more.message ? [more.message] : []),
  ];
  return words.join(' ');
}

/** The fields the SDK gives that say something to an operator. */
interface Meta {
  readonly activityType?: string;
  readonly attempt?: number;
  readonly workflowId?: string;
  readonly error?: unknown;
  readonly message?: string;
}

/** A failure is one sentence, wherever it was made; anything else is a bug, and its stack says where. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { type } = error as { type?: unknown };
  if (typeof type === 'string') return `${type}: ${error.message}`;
  // What came out of the sandbox has lost its fields, but not the first word of its stack.
  return error.stack && !/^\w+Failure\b/.test(error.stack) ? error.stack : error.message;
}
