import { type DatabaseRef } from '../../workflows/contract/site';
import { cockroachEngine } from './cockroach';
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
