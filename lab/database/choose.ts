import { cockroachDatabase } from './cockroach-database';
import { type EngineName, type LabDatabase } from './database';
import { findCockroach } from './find-cockroach';
import { postgresDatabase } from './postgres-database';

/** The database of an engine, with what this machine has of it. @param links a directory for library links */
export function labDatabase(engine: EngineName, links: string): LabDatabase {
  switch (engine) {
    case 'cockroach':
      return cockroachDatabase(findCockroach());
    case 'postgres':
      return postgresDatabase(links);
  }
}
