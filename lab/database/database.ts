import { type Bind } from '../application/binds';
import { type Layout } from '../layout';
import { type DatabaseFault } from './fault';
import { type HostPath } from './find-cockroach';

/** The database engines that a lab's site can have. */
export const ENGINES = ['cockroach', 'postgres'] as const;

export type EngineName = (typeof ENGINES)[number];

/** What differs between the engines, for the lab; a client's user is `root`, its database `bookface`, with both. */
export interface LabDatabase {
  readonly engine: EngineName;
  /** A program that behaves like the engine but is not it. */
  readonly standIn: boolean;
  /** The faults it can be made to have. */
  readonly faults: readonly DatabaseFault[];
  /** A database that is there from the first start on. */
  readonly firstDatabase: string;
  /** Says the version, on a host. */
  readonly versionCommand: string;
  /** What hosts must see besides `applicationBinds`. */
  readonly binds: readonly Bind[];
  /** Makes what the binds name and is not there yet. */
  prepare(hostPath: HostPath): void;
  /** The programs on the hosts' PATH, by name, as shell scripts. */
  programs(hostPath: HostPath): Readonly<Record<string, string>>;
  /** What db1 runs at its boot, in shell: what the server needs besides its store. */
  configure(layout: Layout, hostPath: HostPath): string;
  /** And then: makes the store if it is empty, and serves it. */
  serve(layout: Layout, hostPath: HostPath): string;
  /** Called once when the first data is in: puts it where the engine keeps data that has not changed for long. */
  settle(layout: DatabaseAddress): Promise<void>;
  /** The database as an operator's site file says it. */
  siteFile(layout: Layout, hostPath: HostPath): Readonly<Record<string, unknown>>;
  /** Asked from outside: whether its process runs and answers, and whether it serves clients. */
  isRunning(layout: DatabaseAddress): Promise<boolean>;
  isReady(layout: DatabaseAddress): Promise<boolean>;
}

export type DatabaseAddress = Pick<Layout, 'sql' | 'databaseHealth'>;

/** How long somebody who looks at a database waits for its answer. */
export const PATIENCE_MS = 5_000;

export const TABLES = ['users', 'posts', 'comments'] as const;
