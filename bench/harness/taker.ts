import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Measured } from './measure';

export interface TakeOptions {
  /** The project's directory. */
  readonly root: string;
  /** The words of `npm run bench` that make a process measure this case, and nothing else. */
  readonly words: readonly string[];
  readonly minutes: number;
  /** Ends it early. */
  readonly until: AbortSignal;
}

/** A process that was told to end closes what it has opened; then it is ended. */
const closeWithinMs = 60_000;
/** Where production is: a bench has a site and a server of its own. */
const foreign = /^(TEMPORAL|RUNBOOK|OS|LAB)_|^SSH_AUTH_SOCK$/;

/**
 * Measures a case in a process of its own: neither its memory nor its end are those of the others.
 *
 * @throws Error if it cannot run, or takes too long
 */
export async function take({ root, words, minutes, until }: TakeOptions): Promise<Measured> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const child = spawn(process.execPath, [join(root, 'bin', 'bench.js'), ...words], {
    env,
    // A group of its own, so that what it has started can be ended with it. The channel ends with this process, and it with the channel.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let measured: Measured | undefined;
  let why = '';
  child.once('message', (message: Measured) => (measured = message));
  const end = (because: string) => {
    why = because;
    endGroup(child);
  };
  const timer = setTimeout(() => end(`not within ${minutes} min`), minutes * 60_000);
  const interrupted = () => end('interrupted');
  until.addEventListener('abort', interrupted, { once: true });
  if (until.aborted) interrupted();
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...how) => resolve(how));
  });
  clearTimeout(timer);
  until.removeEventListener('abort', interrupted);
  killGroup(child); // what it could not close
  if (measured && code === 0) return measured;
  throw new Error(why || `it has ended (${signal ?? `exit code ${code}`}); the reason stands above`);
}

function endGroup(child: ChildProcess): void {
  child.kill('SIGTERM');
  const force = setTimeout(() => killGroup(child), closeWithinMs);
  child.once('exit', () => clearTimeout(force));
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
