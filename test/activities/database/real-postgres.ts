import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { applicationBinds } from '../../../lab/application/binds';
import { linkLibraries, postgresBinds, postgresScripts } from '../../../lab/database/postgres/programs';
import { buildPrograms } from '../../lab/programs';
import { type LocalHosts } from '../copy/local-hosts';

/** Real PostgreSQL for hosts that are directories of this machine; `remove` at the end. */
export class RealPostgres {
  readonly #programs = buildPrograms('database');

  /** Puts its programs on a host's PATH. */
  install(hosts: LocalHosts, host: string): void {
    const links = join(hosts.root, 'pg-lib');
    const binds = [
      ...applicationBinds(this.#programs.directory),
      ...postgresBinds(links),
      { from: hosts.home(host), to: '/var/lib/lab-faults' },
    ];
    const hostPath = (path: string): string => {
      const bind = binds.find(({ to }) => path.startsWith(`${to}/`));
      return bind ? bind.from + path.slice(bind.to.length) : path;
    };
    linkLibraries(links, hostPath);
    for (const [name, text] of Object.entries(postgresScripts(hostPath)))
      hosts.program(host, name, text.replace('#!/bin/sh\n', ''));
  }

  /** Makes an empty data directory, for a server on this port of 127.0.0.1. */
  initialise(hosts: LocalHosts, host: string, { store, port }: { store: string; port: number }): void {
    const made = spawnSync(
      'sh',
      [
        '-c',
        `initdb --pgdata="$1" --username=postgres --auth=trust --encoding=UTF8 --locale=C --wal-segsize=1 --no-sync &&
         printf '%s\\n' "port = $2" "unix_socket_directories = ''" 'shared_buffers = 16MB' 'fsync = off' >> "$1/postgresql.conf"`,
        ...['sh', store, String(port)],
      ],
      { env: { PATH: `${hosts.bin(host)}:${process.env['PATH']}` }, encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(made.stderr);
  }

  remove(): void {
    this.#programs.remove();
  }
}
