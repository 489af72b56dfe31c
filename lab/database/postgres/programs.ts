import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type Bind } from '../../application/binds';
import { type HostPath, nativeDirectory } from '../find-cockroach';

/** Where a host sees PostgreSQL, and the library links that it needs. */
const NATIVE = '/lab/pg';
const LINKS = '/lab/pg-lib';

/**
 * The programs of a real PostgreSQL on a host with `applicationBinds` and `postgresBinds`, by name, as shell scripts.
 *
 * PostgreSQL refuses root, and an account nobody has listed: as `nobody` of a user namespace of its own it runs for
 * everybody, and the files stay the caller's. The IPC namespace takes its shared memory with it when it is killed.
 */
export function postgresScripts(
  hostPath: HostPath = (path) => path,
): Record<'postgres' | 'pg_ctl' | 'initdb' | 'psql', string> {
  const at = (path: string) => `'${hostPath(path).replaceAll("'", `'\\''`)}'`;
  const script = (name: string, starts: string) => `#!/bin/sh
case " $* " in *${starts}*)
  if [ -e ${at('/var/lib/lab-faults/db-wont-start')} ]; then echo 'FATAL:  could not open file "global/pg_control": Input/output error' >&2; exit 1; fi ;;
esac
LC_ALL=C LD_LIBRARY_PATH=${at(LINKS)}:${at(`${NATIVE}/lib`)}
export LC_ALL LD_LIBRARY_PATH
set -- ${at(`${NATIVE}/bin/${name}`)} "$@"
isolate='unshare --user --ipc --map-user=65534 --map-group=65534'
if $isolate true 2> /dev/null; then exec $isolate "$@"; fi
exec "$@"
`;
  return {
    postgres: script('postgres', "' -D '"),
    pg_ctl: script('pg_ctl', "'start '"),
    initdb: script('initdb', "' --pgdata'"),
    psql: `#!/bin/sh\nexec ${at('/lab/node/node')} ${at('/lab/app/database/postgres/psql.js')} "$@"\n`,
  };
}

/** What a host must see besides `applicationBinds` for them to run. @param links made by `linkLibraries` */
export function postgresBinds(links: string): Bind[] {
  return [
    { from: nativeDirectory(), to: NATIVE },
    { from: links, to: LINKS },
  ];
}

/** Makes the links between libraries that the package itself makes only if its installation may run scripts. */
export function linkLibraries(links: string, hostPath: HostPath = (path) => path): void {
  rmSync(links, { recursive: true, force: true });
  mkdirSync(links, { recursive: true });
  const file = path.join(nativeDirectory(), 'pg-symlinks.json');
  const wanted = JSON.parse(readFileSync(file, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of wanted)
    symlinkSync(hostPath(source.replace(/^native/, NATIVE)), path.join(links, path.basename(target)));
}
