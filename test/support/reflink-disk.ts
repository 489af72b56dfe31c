import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory on a file system of its own that can share the bytes of files; XFS in a sparse file of this machine. */
export interface ReflinkDisk {
  readonly directory: string;
  /** Nobody may use it any more. */
  remove(): void;
}

/** @throws Error with what this machine lacks: only root mounts, and `mkfs.xfs` is in Debian's `xfsprogs` */
export function reflinkDisk(megabytes = 1_000): ReflinkDisk {
  const place = mkdtempSync(join(tmpdir(), 'reflink-'));
  const [image, directory] = [join(place, 'image'), join(place, 'disk')];
  try {
    writeFileSync(image, '');
    truncateSync(image, megabytes * 1_000_000);
    mkdirSync(directory);
    run('mkfs.xfs', '-q', '-m', 'reflink=1', image);
    run('mount', '-o', 'loop', image, directory);
  } catch (error) {
    rmSync(place, { recursive: true });
    throw error;
  }
  for (const visible of [place, directory]) chmodSync(visible, 0o755);
  const remove = () => {
    run('umount', directory);
    rmSync(place, { recursive: true });
  };
  return { directory, remove };
}

/** Why this machine can have no such disk; null if it can. */
export function noReflinkDisk(): string | null {
  try {
    reflinkDisk().remove();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function run(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${(error?.message ?? stderr).trim()}`);
}
