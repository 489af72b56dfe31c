import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Context } from './context';
import { CommandError, ExitCode } from './exit';
import { labDirectory } from './lab-environment';

/** The state of a lab: what `lab status --json` prints. */
export interface LabStatus {
  readonly up: boolean;
  readonly isolation: 'namespaces' | 'directories';
  readonly publicUrl: string;
  readonly serving: 'production' | 'fallback' | 'nothing';
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly ui: string;
    readonly pid: number;
  };
  readonly hosts: Readonly<Record<string, { readonly power: 'on' | 'off'; readonly ssh: string | boolean }>>;
  readonly [more: string]: unknown;
}

export interface LabUpOptions {
  /** Everything the lab keeps lies here; two directories are two labs. */
  readonly directory: string;
  /** The Temporal CLI that runs its server. */
  readonly temporalBinary: string;
  /** Told what takes time. */
  readonly say: (line: string) => void;
}

/** The lab, as the commands use it: a daemon with an HTTP API on loopback, its address in `<directory>/lab.json`. */
export interface Lab {
  /** Starts lab and Temporal server in the background; returns when both answer and production serves. */
  readonly labUp: (options: LabUpOptions) => Promise<LabStatus>;
  readonly labDown: (directory: string) => Promise<void>;
  /** Null if no lab runs there. */
  readonly labStatus: (directory: string) => Promise<LabStatus | null>;
  /** @throws if the daemon refuses, with its words */
  readonly labControl: (directory: string, method: string, path: string, body?: unknown) => Promise<unknown>;
}

/** A Temporal CLI, got first if need be; that it takes time is said on stderr. */
export async function temporalBinary(root: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = promisify(execFile)(process.execPath, [join(root, 'bin', 'temporal.js')], { env });
  child.child.stderr?.pipe(process.stderr);
  const { stdout } = await child.catch(() => {
    throw new CommandError(ExitCode.unreachable, 'no Temporal server for the lab: see above');
  });
  return stdout.trim();
}

/** Brings the lab of the environment up, or finds it up. */
export async function bringLabUp({ env, root, output }: Context): Promise<LabStatus> {
  const { labUp } = loadLab();
  const directory = labDirectory(env, root);
  const say = (line: string) => output.say(line);
  try {
    return await labUp({ directory, temporalBinary: await temporalBinary(root, env), say });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      ExitCode.unreachable,
      `the lab in ${directory} does not come up: ${(error as Error).message}`,
    );
  }
}

/** The lab is loaded only by the commands that use it. */
export function loadLab(): Lab {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('../lab/control') as Lab;
}
