import { readdirSync, readFileSync } from 'node:fs';

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All of them; empty where there is no /proc. */
export function processes(): readonly Process[] {
  return listOf('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      const parent = /^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      return parent === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
}

/** A process and everything it has started, but for what hangs below the excepted one. */
export function treeOf(all: readonly Process[], root: number, except?: number): readonly Process[] {
  if (root === except) return [];
  const own = all.filter(({ pid }) => pid === root);
  const children = all.filter(({ parent }) => parent === root);
  return [...own, ...children.flatMap(({ pid }) => treeOf(all, pid, except))];
}

/** Proportional set sizes added up: what is shared counts once. */
export function memoryBytes(of: readonly Process[]): number {
  const kilobytes = of.map(({ pid }) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024;
}

function listOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Empty for a process that has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
