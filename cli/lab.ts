import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ENGINES as labEngines } from '../lab/database/database';
import { labControl, labDown, labStatus, type LabStatus, labUp, Refused } from '../lab/control';
import { type Context } from './context';
import { CommandError, ExitCode } from './exit';
import { labDirectory } from './lab-environment';

export { labEngines };
export type { LabStatus };

/** A Temporal CLI, got first if need be; that it takes time is said on stderr. */
async function temporalBinary(root: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = promisify(execFile)(process.execPath, [join(root, 'bin', 'temporal.js')], { env });
  child.child.stderr?.pipe(process.stderr);
  const { stdout } = await child.catch(() => {
    throw new CommandError(ExitCode.unreachable, 'no Temporal server for the lab: see above');
  });
  return stdout.trim();
}

/** The lab of the environment's directory; what goes wrong with it becomes exit codes. */
export function labOf({ env, root, output }: Pick<Context, 'env' | 'root' | 'output'>) {
  const directory = labDirectory(env, root);
  const unreachable = (error: Error): never => {
    throw new CommandError(ExitCode.unreachable, `the lab in ${directory}: ${error.message}`);
  };
  const status = (): Promise<LabStatus | null> => labStatus(directory).catch(unreachable);
  return {
    directory,
    /** What is up already is used, and so is its data. @param database the engine that it must have */
    up: async (database?: string): Promise<LabStatus> => {
      const binary = await temporalBinary(root, env);
      const say = (line: string) => output.say(line);
      const wanted = database === undefined ? env : { ...env, LAB_DATABASE: database };
      const up = await labUp({ directory, temporalBinary: binary, say, env: wanted }).catch(unreachable);
      const { engine } = up.database;
      if (database === undefined || database === engine) return up;
      throw new CommandError(
        ExitCode.usage,
        `the lab in ${directory} has its data in ${engine}, wanted ${database}. Set RUNBOOK_LAB to another directory, or remove this one`,
      );
    },
    down: (): Promise<void> => labDown(directory).catch(unreachable),
    /** Null if none runs there. */
    status,
    /** Asks its control API; what it refuses is bad usage. */
    control: async (method: string, path: string, body?: unknown): Promise<unknown> => {
      if (!(await status())) throw new CommandError(ExitCode.unreachable, `no lab is up in ${directory}`);
      return labControl(directory, method, path, body).catch((error: Error) => {
        throw new CommandError(error instanceof Refused ? ExitCode.usage : ExitCode.failed, error.message);
      });
    },
  };
}
