import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunbookName } from '../../workflows/contract/runbooks';
import { type Finding } from './simulation';
import { type Scenario } from './scenario';

/** A scenario that once broke an invariant, and must not again. */
export interface Pinned {
  readonly name: string;
  /** What went wrong. */
  readonly sentence: string;
  readonly runbook: RunbookName;
  readonly invariant: string;
  readonly scenario: Scenario;
}

const directoryIn = (root: string) => join(root, 'test', 'sim', 'pinned');

/** All of them by name, or those whose name contains the words. */
export function readPinned(root: string, name = ''): Pinned[] {
  return readdirSync(directoryIn(root))
    .filter((file) => file.endsWith('.json') && file.includes(name))
    .sort()
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      ...(JSON.parse(readFileSync(join(directoryIn(root), file), 'utf8')) as Omit<Pinned, 'name'>),
    }));
}

/** @returns the file, named after the sentence */
export function pin(root: string, runbook: RunbookName, sentence: string, { invariant, scenario }: Finding): string {
  const name = sentence
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/-$/, '');
  const file = join(directoryIn(root), `${name}.json`);
  mkdirSync(directoryIn(root), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ sentence, runbook, invariant, scenario }, null, 2)}\n`);
  return file;
}
