import { type ShellText } from '../ssh/shell';

/** The one name in a store that is ours, where nothing can be beside it: never part of a copy, nor of its size. */
export const besideInStore = '.runbook';

/**
 * What differs between database engines, for one database: commands as data, and how to read their answers.
 *
 * A store is one directory on one host that one server process has open. How to stop, start and wait is the same for
 * all engines and lives beside this file.
 */
export interface DatabaseEngine {
  readonly name: string;
  /** The directory that is backed up as a whole. */
  readonly store: string;
  /** Programs that a host needs to serve a store. */
  readonly programs: readonly string[];
  /** Patterns of paths in the store that belong to the running process and are worth nothing in a copy. */
  readonly leaveOut: readonly string[];
  /** Patterns of files that the engine writes once and never changes. */
  readonly immutable: readonly string[];
  /** How the server process shows in /proc: its names, and a word of its command line before the store. */
  readonly server: { readonly processes: readonly string[]; readonly word: string };

  version(): ShellText;
  readVersion(output: string): EngineVersion;
  /** Ends with 0 if the database answers queries and says that it may take clients. */
  health(): ShellText;
  /**
   * Starts the server for good, and ends when it serves or has failed. One command, so that words can stand before it.
   *
   * Makes the store fit to be started first: as a crash, or somebody who has refilled it, has left it.
   */
  start(): ShellText;
  /** The reason in what a start that failed has said; undefined if none stands out. */
  reasonIn(log: string): string | undefined;
  /** Asks the server to stop in order, and does not wait for it. @param pids its processes, one at least */
  stop(pids: readonly number[]): ShellText;
  /** Whether rows can be counted as of a moment that has passed, also one at which it was stopped. */
  readonly looksBack: boolean;
  /**
   * Counts the rows of every table of interest; ends with 124 when it is out of time.
   *
   * @param withinSeconds @default 2
   * @param asOf an instant, for an engine that looks back. @default now
   */
  countRows(withinSeconds?: number, asOf?: string): ShellText;
  /** @throws Error if a table is missing in the answer. */
  readRows(output: string): Record<string, number>;
  /** Writes a marker row, also if it is there already. @param marker letters, digits and dashes */
  mark(marker: string): ShellText;
  /** Says `1` in its last line if the marker row is there, else `0`; fails where that cannot be looked for. */
  hasMarker(marker: string): ShellText;
  /** Why the program cannot serve data that another version of it has written, in words; null if it can. */
  cannotOpen(writtenBy: string, installed: string): string | null;
  /**
   * Shell functions for a scratch database on a copy of a store, used by the read-back: `scratch_start <store>`,
   * `scratch_query <database> <statement>`, `scratch_count <table>`, `scratch_rows <table>` (a hundred, the same ones of
   * the same data), `scratch_has_marker <marker>`, `scratch_stop`; `$scratch_database` is that of the application. Where
   * its own backup is no store also `scratch_restore <backup> <store>`, which makes one in an empty directory and leaves
   * no server running.
   *
   * It listens on loopback only, dials nobody, logs to `$scratch/log`, and stays in the caller's process group.
   */
  scratch(): ShellText;
  /** Its own backup while it serves. */
  readonly online: OnlineBackup;
}

/** An engine's own backup of a database that serves, made into a directory on its host. */
export interface OnlineBackup {
  /** Why this version has none that is known here, in words; null if it has. */
  cannot(version: EngineVersion): string | null;
  /** Says a line for each reason why it would be refused now, and nothing if there is none. */
  obstacles(): ShellText;
  /**
   * The shell function `online_backup`: fills the directory `$snapshot`, and sets `as_of`, a moment (all that was
   * acknowledged before it is in the backup), and `rows`, a JSON object where rows can be counted as of that in time.
   * A marker row is written beforehand; it proves what cannot be counted.
   *
   * `$work` is ours, `find_others` finds in `$store`, `copy_files <list>` copies from there; `die` ends the program.
   */
  functions(): ShellText;
  /** The only directory it can be made in, as a path on the host. @default beside the store */
  readonly directory?: string;
  /** What it is: a store that can be started, or a collection of which `scratch_restore` makes one. */
  readonly form: 'store' | 'backup';
}

export interface EngineVersion {
  readonly version: string;
  /** A program that behaves like the engine but is not it. */
  readonly standIn: boolean;
}
