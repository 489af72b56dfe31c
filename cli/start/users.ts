import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Says that this process uses the lab in a directory. */
export function useLab(directory: string): void {
  mkdirSync(usersOf(directory), { recursive: true });
  writeFileSync(join(usersOf(directory), String(process.pid)), '');
}

/** Says that this process uses it no longer; true if nobody else does, so that it may go down. */
export function leaveLab(directory: string): boolean {
  rmSync(join(usersOf(directory), String(process.pid)), { force: true });
  const others = readdirSync(usersOf(directory)).filter((pid) => isAlive(Number(pid)));
  return others.length === 0;
}

const usersOf = (directory: string) => join(directory, 'users');

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
