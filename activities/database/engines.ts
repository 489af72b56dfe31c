import { type DatabaseRef } from '../../workflows/contract/site';
import { cockroachEngine } from './cockroach';
import { type DatabaseEngine } from './engine';

/** The engine of a database; a new one is a case here. */
export function engineOf({ spec }: Pick<DatabaseRef, 'spec'>): DatabaseEngine {
  switch (spec.engine) {
    case 'cockroach':
      return cockroachEngine(spec);
  }
}
