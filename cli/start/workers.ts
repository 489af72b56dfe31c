import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkerPart } from '../../workers/worker';
import { CommandError, ExitCode } from '../exit';

export interface WorkersOptions {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where their logs go. */
  readonly directory: string;
  readonly say: (line: string) => void;
}

export interface Workers {
  /** Ends them gracefully, then by force. */
  stop(): Promise<void>;
}

const parts: readonly WorkerPart[] = ['runbooks', 'guard'];
const readyWithinMs = 60_000;
const stopWithinMs = 15_000;

/**
 * Keeps a worker for runs and one for guards alive, each a process of its own: killing either is survived.
 * Returns once both poll. They end with this process, however it ends.
 *
 * @throws exit code 3 if they do not come up
 */
export async function superviseWorkers(options: WorkersOptions): Promise<Workers> {
  const children = new Map<WorkerPart, ChildProcess>();
  let stopping = false;

  const keepUp = (part: WorkerPart): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = (again: boolean) => {
        const child = startWorker(part, options, () => {
          if (again) options.say(`worker (${part}) is back, pid ${child.pid}`);
          resolve();
        });
        children.set(part, child);
        child.once('exit', (code, signal) => {
          if (stopping) return;
          // Refused to start: starting it again would not help.
          if (signal === null && code !== 0 && !again) reject(new Error(`exit code ${code}`));
          options.say(`worker (${part}) has ended (${signal ?? `exit code ${code}`}); starting it again`);
          void sleep(1000).then(() => stopping || begin(true));
        });
      };
      begin(false);
    });

  const stop = async () => {
    stopping = true;
    await Promise.all([...children.values()].map(endProcess));
  };
  try {
    await Promise.race([
      Promise.all(parts.map(keepUp)),
      sleep(readyWithinMs, undefined, { ref: false }).then(() => {
        throw new Error(`not ready within ${readyWithinMs / 1000} s`);
      }),
    ]);
    return { stop };
  } catch (error) {
    await stop();
    const logs = join(options.directory, 'worker-*.log');
    throw new CommandError(ExitCode.unreachable, `no worker: ${(error as Error).message}; see ${logs}`);
  }
}

function startWorker(part: WorkerPart, { root, env, directory }: WorkersOptions, onReady: () => void): ChildProcess {
  mkdirSync(directory, { recursive: true });
  const log = createWriteStream(join(directory, `worker-${part}.log`), { flags: 'a' });
  const child = spawn(process.execPath, [join(root, 'bin', 'runbook.js'), 'worker', '--only', part], {
    env,
    // The channel ends with this process, and the worker with the channel.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  createInterface({ input: child.stderr! }).on('line', (line) => {
    log.write(`${line}\n`);
    if (line === 'ready') onReady();
  });
  return child;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await exited;
  clearTimeout(force);
}
