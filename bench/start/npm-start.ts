import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type LabSite } from '../../test/support/lab-site';
import { until } from '../../test/support/temporal-server';
import { projectRoot } from '../../workers/project';
import { activitiesOf } from '../support/history';

/** `npm start` on a lab, as somebody types it. */
export interface Started {
  readonly pid: number;
  /** From the moment it was typed until the first step of the backup began. */
  readonly firstStepMs: number;
  readonly workflowId: string;
  /** Ctrl-C; returns when everything has ended. */
  interrupt(): Promise<void>;
}

/** What a run does before its first step. */
const preliminaries = ['loadSite', 'requestLock', 'notify'];

/** @param onStart told how to end it, before anything else */
export async function npmStart(lab: LabSite, onStart: (end: () => Promise<void>) => void): Promise<Started> {
  const typedAt = Date.now();
  // A process group of its own: Ctrl-C reaches npm and what it has started.
  const child = spawn('npm', ['start'], {
    cwd: projectRoot,
    env: lab.env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('npm could not be started');
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const interrupt = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGINT');
    await gone;
  };
  onStart(interrupt);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const workflowId = await until(
    '`npm start` starts a backup',
    async () => {
      if (child.exitCode !== null) throw new Error(`npm start has ended:\n${said.join('\n')}`);
      return said.map((line) => /^started (daily-backup\/\S+)$/.exec(line)?.[1]).find(Boolean);
    },
    180,
  );
  const client = await lab.client();
  try {
    const run = client.workflow.getHandle(workflowId);
    const startedAt = await until('the first step begins', async () => {
      const steps = (await activitiesOf(run)).filter(({ type }) => !preliminaries.includes(type));
      return steps[0]?.startedAt;
    });
    return { pid, firstStepMs: startedAt - typedAt, workflowId, interrupt };
  } finally {
    await client.connection.close();
  }
}
