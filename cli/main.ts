import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { sitesFrom } from '../activities/site/sites';
import { projectRoot } from '../workers/project';
import { type Context } from './context';
import { CommandError, ExitCode } from './exit';
import { withLabEnvironment } from './lab-environment';
import { processOutput } from './output';
import { createProgram } from './program';

/** Runs one command with the words of the process; the exit code is set, not returned. */
export async function main(words: readonly string[] = process.argv.slice(2)): Promise<void> {
  // Commands of the lab work on it whatever the environment says.
  const inLab = ['lab', 'start'].includes(words[0] ?? '');
  const { env, notice } = inLab ? { env: process.env, notice: null } : withLabEnvironment(process.env, projectRoot);
  const output = processOutput(env);
  if (notice) output.say(notice);
  const context = {
    env,
    root: projectRoot,
    sites: sitesFrom({ env, root: projectRoot }),
    output,
    exit: (code: ExitCode) => {
      process.exitCode = code;
    },
  };
  await execute(words, context);
}

/** Runs one command; whatever goes wrong is said, and the exit code given to the context. */
export async function execute(words: readonly string[], context: Context): Promise<void> {
  const { output } = context;
  try {
    const program = await createProgram(context, words[0]);
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    const { exitCode, message } = endOf(error);
    context.exit(exitCode);
    // Commander has said its own already; help and version are no errors.
    if (!(error instanceof CommanderError)) output.say(message);
    if (words.includes('--json') && exitCode !== ExitCode.done) output.json({ error: { exitCode, message } });
  }
}

/** What an error means for the exit code, and what is to be said about it. */
function endOf(error: unknown): { readonly exitCode: ExitCode; readonly message: string } {
  if (error instanceof CommandError) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof CommanderError)
    return { exitCode: error.exitCode === 0 ? ExitCode.done : ExitCode.usage, message: error.message };
  if (error instanceof ApplicationFailure && error.type === 'InvalidInput')
    return { exitCode: ExitCode.usage, message: error.message };
  if (error instanceof WorkflowNotFoundError)
    return { exitCode: ExitCode.usage, message: `there is no run ${error.workflowId}; see: runbook runs` };
  return {
    exitCode: ExitCode.failed,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
