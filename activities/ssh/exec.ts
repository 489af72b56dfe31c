import { type Client, type ClientChannel } from 'ssh2';
import { fail } from '../failures';
import { type ShellText } from './shell';

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface RunOptions {
  /** Ends the wait: the command gets TERM and its channel is closed; `run` throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long the command may take, from the moment it is sent. @default 30 000 */
  readonly timeoutMs?: number;
  /** Sent as standard input, which is then closed; such a command cannot be sent a signal. Without it, it stays open. */
  readonly stdin?: string | Buffer;
  /** Exit codes that are an answer; any other throws `ResourceFailed`. @default [0] */
  readonly allowExit?: readonly number[];
  /** More output than this is `ResourceFailed`; of standard error the end is kept. @default 1 MiB */
  readonly maxOutputBytes?: number;
  /** Whether the command may be sent again when its answer is lost: `Unavailable` then, else `UnknownOutcome`. @default true */
  readonly repeatable?: boolean;
}

/** After the exit code output may still arrive, or never end: a process left behind holds the channel open. */
const outputAfterExitMs = 1_000;

/**
 * Runs one command on an open connection and returns its output; only a number is an exit code.
 *
 * @param host The host's name, for messages.
 * @throws as `RunOptions` says, and `ResourceFailed` when a signal ended the command.
 */
export function exec(client: Client, host: string, command: ShellText, options: RunOptions): Promise<CommandResult> {
  const {
    signal,
    timeoutMs = 30_000,
    stdin,
    allowExit = [0],
    maxOutputBytes = 1024 * 1024,
    repeatable = true,
  } = options;
  const details = { target: `host/${host}`, operation: 'ssh.exec' };
  const what = `${host}: command ${brief(command)}`;
  const lost = (why: string, cause?: unknown) =>
    repeatable
      ? fail('Unavailable', `${what}: ${why}`, details, cause)
      : fail(
          'UnknownOutcome',
          `${what}: ${why}; it may or may not have run. Look at the host before you go on`,
          details,
          cause,
        );

  return new Promise((resolve, reject) => {
    let channel: ClientChannel | undefined;
    let over = false;
    let exit: { code: number | null; signal?: string } | undefined;
    let silence: NodeJS.Timeout | undefined;
    const stdout: Buffer[] = [];
    let stderr = Buffer.alloc(0);
    let bytes = 0;

    const settle = (result: CommandResult | Error) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      clearTimeout(silence);
      signal?.removeEventListener('abort', abort);
      client.off('error', onError);
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    const endChannel = () => {
      channel?.signal('TERM');
      channel?.close();
    };
    const breakOff = (why: Error) => {
      endChannel();
      settle(why);
    };
    const abort = () => breakOff(signal?.reason as Error);
    const timer = setTimeout(() => breakOff(lost(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    let connectionError: Error | undefined;
    const onError = (error: Error) => (connectionError = error);

    const finish = () => {
      if (!exit) return settle(lost('the connection was lost before the exit status', connectionError));
      const result = { stdout: Buffer.concat(stdout).toString(), stderr: stderr.toString() };
      const failed = (how: string, exitCode?: number) =>
        fail('ResourceFailed', `${what} ${how}${lastLine(result.stderr)}`, {
          ...details,
          ...(exitCode === undefined ? {} : { exitCode }),
          stderrTail: result.stderr.slice(-2000),
        });
      if (exit.code === null) settle(failed(`was ended by ${exit.signal ?? 'a signal'}`));
      else if (!allowExit.includes(exit.code)) settle(failed(`ended with exit code ${exit.code}`, exit.code));
      else settle({ ...result, exitCode: exit.code });
    };
    const waitForSilence = () => {
      if (!exit || over) return;
      clearTimeout(silence);
      silence = setTimeout(() => {
        channel?.close();
        finish();
      }, outputAfterExitMs);
    };

    signal?.addEventListener('abort', abort, { once: true });
    client.on('error', onError);
    const started = (error: Error | undefined, opened: ClientChannel) => {
      if (error) {
        if (isRefusal(error))
          return settle(fail('Unavailable', `${what} was not started: ${error.message}`, details, error));
        return settle(lost('the connection was lost before its answer', error));
      }
      channel = opened;
      if (over) return endChannel();
      channel.on('data', (data: Buffer) => {
        bytes += data.length;
        stdout.push(data);
        waitForSilence();
        if (bytes > maxOutputBytes)
          breakOff(fail('ResourceFailed', `${what} wrote more than ${maxOutputBytes} bytes`, details));
      });
      channel.stderr.on('data', (data: Buffer) => {
        stderr = Buffer.concat([stderr, data]).subarray(-64 * 1024);
        waitForSilence();
      });
      channel.on('exit', (code: number | null, signalName?: string) => {
        exit = { code, signal: signalName };
        waitForSilence();
      });
      channel.on('close', finish);
      if (stdin !== undefined) channel.end(stdin);
    };
    try {
      client.exec(command.text, started);
    } catch (error) {
      settle(fail('Unavailable', `${what} was not sent: ${(error as Error).message}`, details, error));
    }
  });
}

/** The server said no: the command did not run. A lost connection carries no reason. */
function isRefusal(error: Error & { reason?: unknown }): boolean {
  return error.reason !== undefined || error.message === 'Unable to exec';
}

function brief(command: ShellText): string {
  const line = command.text.trim().replace(/\s+/g, ' ');
  return `'${line.length > 120 ? `${line.slice(0, 117)}...` : line}'`;
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1);
  return line ? `: ${line.slice(0, 500)}` : '';
}
