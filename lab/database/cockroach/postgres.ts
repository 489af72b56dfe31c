import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from 'pg';
import { connect } from './client';
import { type Address } from './flags';

/** The directory with PostgreSQL's `bin`, `lib` and `share`. */
const NATIVE = process.env.COCKROACH_STAND_IN_POSTGRES ?? '/lab/pg';

const NOBODY = 65534;

/**
 * The words before a PostgreSQL program's own. It refuses uid 0, and a uid without a passwd entry: as `nobody` of a user
 * namespace of its own it runs for everybody, and the files stay the caller's. The IPC namespace takes its System V
 * segment with it when it is killed. The death signal ends it when the process that started it is killed.
 */
function launcher(): string[] {
  if (process.platform !== 'linux') return [];
  const isolate = ['unshare', '--user', '--ipc', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
  const possible = spawnSync('unshare', [...isolate.slice(1), 'true']).status === 0;
  // The death signal comes too late if the parent died before it was asked for: then the parent is another one.
  const unlessOrphan = ['sh', '-c', 'test "$PPID" = "$0" && exec "$@"', String(process.pid)];
  return [...(possible ? isolate : []), 'setpriv', '--pdeathsig', 'QUIT', ...unlessOrphan];
}

/**
 * The environment of PostgreSQL's programs. They need library links which the package makes in a script after its
 * installation; where that script did not run, the links are made in `scratch`.
 */
function environment(scratch: string): NodeJS.ProcessEnv {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  const links = JSON.parse(readFileSync(path.join(NATIVE, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  const place = (name: string) => path.join(NATIVE, name.replace(/^native\//, ''));
  const missing = links.filter(({ target }) => !existsSync(place(target)));
  if (missing.length === 0) return env;
  const libraries = path.join(scratch, 'lib');
  mkdirSync(libraries, { recursive: true });
  for (const { source, target } of missing) {
    const link = path.join(libraries, path.basename(target));
    if (!existsSync(link)) symlinkSync(place(source), link);
  }
  // A library reached by a link looks for its own beside the link.
  return { ...env, LD_LIBRARY_PATH: `${libraries}:${path.join(NATIVE, 'lib')}` };
}

/** The version of the PostgreSQL behind the stand-in, such as `18.4`. */
export function postgresVersion(): string {
  // The package states it beside its libraries, which spares loading them.
  const header = readFileSync(path.join(NATIVE, 'lib/pkgconfig/libpq.pc'), 'utf8');
  return /^Version: (.*)$/m.exec(header)?.[1] ?? 'unknown';
}

/** Creates the files of an empty server in `data`, which must not exist. @throws Error with initdb's last line. */
export function initialise(data: string, scratch: string): void {
  const [program = '', ...args] = [
    ...launcher(),
    path.join(NATIVE, 'bin/initdb'),
    ...['-D', data, '--username=root', '--auth=trust', '--encoding=UTF8', '--locale=C', '--wal-segsize=1', '--no-sync'],
  ];
  const { status, stderr, error } = spawnSync(program, args, { env: environment(scratch), encoding: 'utf8' });
  if (status !== 0) throw new Error(error?.message ?? stderr.trim().split('\n').at(-1));
}

export interface PostgresOptions {
  readonly data: string;
  readonly scratch: string;
  readonly address: Address;
  /** Shown to SQL clients as `cockroach.http_addr`. */
  readonly httpAddress: string;
  /** Open file for the server's log. */
  readonly log: number;
  /** Open file that all of the server's processes keep open: its lock is free only when the last of them is gone. */
  readonly lock: number;
}

/** A running PostgreSQL server. It does not outlive this process, however this process ends. */
export class Postgres {
  readonly #child: ChildProcess;
  #last: Client | undefined;

  constructor(private readonly options: PostgresOptions) {
    const settings = {
      listen_addresses: options.address.host,
      port: options.address.port,
      unix_socket_directories: '',
      'cockroach.http_addr': options.httpAddress,
      max_connections: 60,
      shared_buffers: '32MB',
      max_wal_size: '64MB',
      min_wal_size: '8MB',
      wal_recycle: 'off',
      wal_level: 'minimal',
      max_wal_senders: 0,
      // Every crash a lab knows is a kill, and what was handed to the kernel survives that.
      fsync: 'off',
    };
    const [program = '', ...args] = [
      ...launcher(),
      path.join(NATIVE, 'bin/postgres'),
      ...['-D', options.data],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    this.#child = spawn(program, args, {
      env: environment(options.scratch),
      stdio: ['ignore', options.log, options.log, options.lock],
    });
    this.#child.on('error', () => undefined);
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  /** Returns when the server has ended, for whatever reason. */
  async end(): Promise<void> {
    if (!this.ended) await once(this.#child, 'exit');
  }

  /** True when the server answers, false when it ended instead. Recovery after a crash has no time limit. */
  async ready(): Promise<boolean> {
    const state = path.join(this.options.data, 'postmaster.pid');
    while (!this.ended) {
      if (existsSync(state) && /^ready\s*$/m.test(readFileSync(state, 'latin1'))) return true;
      await sleep(10);
    }
    return false;
  }

  /**
   * Cuts all clients and refuses new ones until the server is stopped.
   *
   * A smart shutdown refuses newcomers and ends with the last session: this one session is kept open.
   */
  async drain(): Promise<void> {
    if (this.#last || this.ended) return;
    this.#last = await connect(this.options.address, 'template1', 5_000);
    this.#child.kill('SIGTERM');
    await this.#last.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
  }

  /** Ends the server in order: clients are cut, everything committed is on disk, no recovery at the next start. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.end();
  }
}
