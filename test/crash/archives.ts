import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Paths } from '../../lab/paths';

/** Archives that were read back once, by their place on the volume, oldest first, and whether each still is what was read back. */
export type Archives = ReadonlyMap<string, 'intact' | 'damaged'>;

const MANIFEST = '.manifest.json';

/** Looks on the backup volume itself, so that nothing the product says is taken for granted. */
export function verifiedArchives({ backupVolume }: Paths): Archives {
  if (!existsSync(backupVolume)) return new Map();
  const files = readdirSync(backupVolume, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(MANIFEST))
    .map((name) => name.slice(0, -MANIFEST.length))
    .filter((name) => existsSync(join(backupVolume, `${name}.verified.json`)))
    // A name ends with the time production went down.
    .sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
  return new Map(files.map((name) => [name, isIntact(join(backupVolume, name)) ? 'intact' : 'damaged']));
}

function isIntact(archive: string): boolean {
  if (!existsSync(archive)) return false;
  const { sha256 } = JSON.parse(readFileSync(`${archive}.verified.json`, 'utf8')) as { sha256: string };
  return createHash('sha256').update(readFileSync(archive)).digest('hex') === sha256;
}
