import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformFileSync } from '@swc/core';

const ROOT = path.join(__dirname, '../..');

/** The lab's programs as the build makes them, in a directory of the test's own: a test needs no build before it. */
export interface Programs {
  /** The compiled `lab` folder. */
  readonly directory: string;
  remove(): void;
}

export function buildPrograms(...folders: string[]): Programs {
  const build = mkdtempSync(path.join(tmpdir(), 'lab-programs-'));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(build, 'node_modules'));
  for (const folder of folders)
    for (const file of readdirSync(path.join(ROOT, 'lab', folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const target = path.join(build, 'lab', folder, file.replace(/\.ts$/, '.js'));
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, transformFileSync(path.join(ROOT, 'lab', folder, file)).code);
    }
  return { directory: path.join(build, 'lab'), remove: () => rmSync(build, { recursive: true, force: true }) };
}
