import { type DatabaseRef } from '../../workflows/contract/site';
import { sh, type ShellText } from '../ssh/shell';
import { cockroachEngine, cockroachLeavesOut } from './cockroach';
import { cockroachScratch } from './cockroach-scratch';
import { type DatabaseEngine } from './engine';
import { postgresEngine } from './postgres';

/** The engine of a database; a new one is a case here. */
export function engineOf({ spec }: Pick<DatabaseRef, 'spec'>): DatabaseEngine {
  switch (spec.engine) {
    case 'cockroach':
      return cockroachEngine(spec);
    case 'postgres':
      return postgresEngine(spec);
  }
}

/**
 * What makes a store of an engine's own backup, for an engine known by its name alone, as a manifest says it.
 *
 * @returns null for an engine whose own backup is a store
 */
export function storeMakerOf(engine: string): { scratch: ShellText; removeLeftOut: ShellText } | null {
  if (engine !== 'cockroach') return null;
  return {
    scratch: cockroachScratch({ database: 'defaultdb' }),
    removeLeftOut: sh`find . ${pathsLike(cockroachLeavesOut)} -prune -exec rm -rf '{}' +`,
  };
}

/** Patterns of paths below the working directory, in find's words. */
export const pathsLike = (patterns: readonly string[]): string[] => [
  '(',
  '-false',
  ...patterns.flatMap((pattern) => ['-o', '-path', `./${pattern}`]),
  ')',
];
