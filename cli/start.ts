import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sitesFrom } from '../activities/site/sites';
import { registerSearchAttributes } from '../workers/setup';
import { backupsOf } from './commands/backups';
import { statusLines } from './commands/lab';
import { type Context } from './context';
import { ExitCode } from './exit';
import { follow } from './follow/follow';
import { screenFor } from './follow/screen-for';
import { labOf } from './lab';
import { parseEnvFile, withoutOtherSites } from './lab-environment';
import { type RunReport } from './report/report';
import { reportLines } from './report/text';
import { prepareRun, startRun } from './run/start-run';
import { leaveLab, useLab } from './start/users';
import { superviseWorkers, type Workers } from './start/workers';
import { type TemporalAccess, withTemporal } from './temporal';

export interface StartOptions {
  /** Stop everything after the report. */
  readonly once?: boolean;
  readonly json?: boolean;
  /** The engine of the lab's database. */
  readonly database?: string;
  /** Another Temporal than the lab's own. */
  readonly temporal?: string;
}

/**
 * Brings up lab, Temporal server and workers, runs the daily backup live, and stays up until told to stop.
 *
 * Whatever the environment says, nothing but the lab and its own server is touched. What is up already is used; the
 * last one to leave takes it down.
 */
export async function start(context: Context, options: StartOptions): Promise<void> {
  const { output } = context;
  const own = withoutOtherSites(context.env);
  const lab = labOf({ ...context, env: own });
  const { directory } = lab;
  const interrupted = nextSignal();
  let workers: Workers | undefined;
  let reported = false;

  const show = async (): Promise<void> => {
    const status = await lab.up(options.database);
    const env = labEnvironment(own, directory, options);
    const inLab: Context = { ...context, env, sites: sitesFrom({ env, root: context.root }) };
    await withTemporal(inLab, async (access) => {
      await registerSearchAttributes(access.connection, access.namespace);
      workers = await superviseWorkers({ ...inLab, directory, say: (line) => output.say(line) });
      for (const line of statusLines(status)) output.say(line);
      const report = await backUp(inLab, access);
      reported = true;
      context.exit(report.status === 'completed' ? ExitCode.done : ExitCode.failed);
      if (!options.json) output.print(reportLines(report, output.style));
      else {
        const backups = await backupsOf(access, report.site ?? '');
        output.json({ ...report, lab: await lab.status(), backups });
      }
    });
    if (options.once) return;
    output.say('\nEverything stays up; Ctrl-C ends it. In another terminal: npx runbook --help');
    await interrupted;
  };

  useLab(directory);
  let signal: NodeJS.Signals | void;
  try {
    signal = await Promise.race([show(), interrupted]);
  } finally {
    output.say('Stopping ...');
    await workers?.stop();
    if (leaveLab(directory)) await lab.down();
  }
  if (!signal) return;
  if (!reported) context.exit(ExitCode.failed);
  // What was being waited for when the signal came would keep the process alive.
  process.exit();
}

async function backUp(context: Context, access: TemporalAccess): Promise<RunReport> {
  const { output, env } = context;
  const run = await prepareRun(context, 'daily-backup', {});
  const observer = await startRun(access, run);
  output.say(`started ${observer.workflowId}`);
  return (await follow(observer, screenFor({ stream: output.stderr, env }))).report;
}

function labEnvironment(own: NodeJS.ProcessEnv, directory: string, { temporal }: StartOptions): NodeJS.ProcessEnv {
  const lab = parseEnvFile(readFileSync(join(directory, 'env'), 'utf8'));
  return { ...own, ...lab, ...(temporal ? { TEMPORAL_ADDRESS: temporal } : {}) };
}

/** The first of the signals that ask a process in a terminal to end; they no longer end it by themselves. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve);
  });
}
