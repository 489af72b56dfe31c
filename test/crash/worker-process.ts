import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../support/temporal-server';

const runbook = join(__dirname, '..', '..', 'bin', 'runbook.js');
const LINES_KEPT = 60;

/** `runbook worker --only <part>` in a process of its own, to be killed. */
export interface WorkerProcess {
  /** SIGKILL; returns once the process is gone. */
  kill(): Promise<void>;
  /** The last of what it said. */
  readonly said: () => readonly string[];
}

export type WorkerPart = 'runbooks' | 'guard';

/** Returns once it polls. @throws with what it said if it ends instead */
export async function startWorker(part: WorkerPart, env: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [runbook, 'worker', '--only', part], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = [...said, ...text.split('\n').filter(Boolean)].slice(-LINES_KEPT);
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until(
    `the ${part} worker is ready`,
    async () => {
      if (child.exitCode !== null) throw new Error(`the ${part} worker ended: ${said.join('\n')}`);
      return said.includes('ready');
    },
    180,
  ).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    said: () => said,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
