import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DISK } from './machine';
import { type HostSpec } from './spec';

/** Makes what is missing of a host's disk and puts there what a boot finds new: an empty `/tmp` and the boot id. */
export function prepareDisk(spec: HostSpec, bootId: string): void {
  const { directory, volumes = [] } = spec;
  for (const part of [...DISK, 'var/log', 'var/lib', '.host/mnt'])
    mkdirSync(join(directory, part), { recursive: true });
  mkdirSync(join(directory, 'root/.ssh'), { recursive: true, mode: 0o700 });
  for (const volume of volumes) mkdirSync(volume.directory, { recursive: true });
  for (const part of ['tmp', 'var/tmp']) {
    if (part === 'tmp') rmSync(join(directory, part), { recursive: true, force: true });
    mkdirSync(join(directory, part), { recursive: true });
    chmodSync(join(directory, part), 0o1777);
  }
  writeFileSync(join(directory, '.host/boot_id'), `${bootId}\n`);
}
