import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../workers/project';

/** The workflow sources in a directory of their own, where a test may change them. */
export class ChangedCopy {
  readonly root = mkdtempSync(join(tmpdir(), 'changed-copy-'));

  constructor() {
    cpSync(join(projectRoot, 'workflows'), join(this.root, 'workflows'), { recursive: true });
    symlinkSync(join(projectRoot, 'node_modules'), join(this.root, 'node_modules'));
  }

  /** Puts one text in the place of another, which must be there once. Returns the file and line, as a finding names it. */
  change(file: string, from: string, to: string): string {
    const path = join(this.root, file);
    const parts = readFileSync(path, 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${from}`);
    writeFileSync(path, parts.join(to));
    return `${file}:${parts[0]?.split('\n').length}`;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
