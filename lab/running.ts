import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Paths } from './paths';
import { commandLine } from './processes';

/** What `lab.json` says of the process that is the lab. */
export interface RunningLab {
  readonly pid: number;
  /** The control API. */
  readonly url: string;
  readonly token: string;
}

export function announce(paths: Paths, running: RunningLab): void {
  writeFileSync(`${paths.running}.new`, `${JSON.stringify(running)}\n`, { mode: 0o600 });
  renameSync(`${paths.running}.new`, paths.running);
}

/** The lab that runs in the directory; null if none does, one that was killed included. */
export function findRunning(paths: Paths): RunningLab | null {
  if (!existsSync(paths.running)) return null;
  const running = JSON.parse(readFileSync(paths.running, 'utf8')) as RunningLab;
  return isLab(paths, commandLine(running.pid)) ? running : null;
}

/** Whether a command line is that of the directory's lab. */
export function isLab({ directory }: Paths, line: string): boolean {
  return line.includes(`daemon.js ${directory} `);
}
