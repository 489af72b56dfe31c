import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyEdit, type Edit } from './mutant';

const left = (name: string) => ['node_modules', 'build'].includes(name) || /^\.(git|lab.*|cache)$/.test(name);

/** Copies a project's sources, so that nothing that is done to them touches the project; the packages are shared. */
export function copySources(project: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(project).filter((name) => !left(name)))
    cpSync(join(project, name), join(to, name), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(to, 'node_modules'));
}

/** @throws Error if a text to replace is not there exactly once */
export function breakSources(root: string, edits: readonly Edit[]): void {
  for (const edit of edits) {
    const path = join(root, edit.file);
    writeFileSync(path, applyEdit(readFileSync(path, 'utf8'), edit));
  }
}
