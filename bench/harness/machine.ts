import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type as systemName } from 'node:os';

/** Processors, memory and system, in a line. */
export function machineText(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'processor'}, ${memory} GB, ${systemName()} ${release()}`;
}

/** The commit of a checkout; null where there is no git. */
export function commitOf(root: string): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
