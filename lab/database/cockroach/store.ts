import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { CommandFailure } from './failure';
import { initialise } from './postgres';

/** Directories PostgreSQL leaves empty and wants to find: a copy of a store may come without them. */
const EMPTY = 'commit_ts dynshmem notify replslot serial snapshots stat stat_tmp subtrans tblspc twophase'
  .split(' ')
  .map((name) => `pg_${name}`)
  .concat('pg_logical/snapshots', 'pg_logical/mappings', 'pg_wal/archive_status', 'pg_wal/summaries');

/**
 * A store directory: everything the database keeps, to be copied as a whole while it is stopped.
 *
 * - `postgresql/`, PostgreSQL's data directory
 * - `NNNNNN.sst`, files of settled tables, which never change; `postgresql/` has symbolic links to them
 * - `CURRENT`, there once the store is initialised
 * - `MANIFEST`, the files and their sizes after an orderly stop: damage shows at the next start, as with the real program
 * - `LOCK`, `cockroach-temp*`, `temp-dirs-record.txt`, `logs/`: of the running process, worth nothing in a copy
 */
export class Store {
  readonly data: string;
  readonly log: number;
  readonly lock: number;
  readonly temp: string;
  #restarted = true;

  /** Takes the store for this process. @throws CommandFailure if another process has it. */
  constructor(readonly directory: string) {
    mkdirSync(this.in('logs'), { recursive: true });
    this.data = this.in('postgresql');
    this.lock = openSync(this.in('LOCK'), 'a', 0o640);
    this.#takeLock();
    for (const name of readdirSync(directory))
      if (name.startsWith('cockroach-temp')) rmSync(this.in(name), { recursive: true });
    this.temp = this.in(`cockroach-temp${process.pid}${Date.now() % 1_000_000}`);
    mkdirSync(this.temp);
    writeFileSync(this.in('temp-dirs-record.txt'), `${this.temp}\n`);
    this.log = openSync(this.in('logs/postgresql.log'), 'w');
  }

  /** False if this start initialised the store. */
  get restarted(): boolean {
    return this.#restarted;
  }

  /** Makes an empty store ready to be opened by PostgreSQL, or checks one that was used before. */
  prepare(): void {
    const initialised = existsSync(this.in('CURRENT'));
    if (initialised !== existsSync(this.data)) throw new Error('unable to bootstrap due to internal error');
    if (!initialised) this.#initialise();
    this.#verifyManifest();
    for (const name of EMPTY) mkdirSync(path.join(this.data, name), { recursive: true, mode: 0o700 });
    chmodSync(this.data, 0o700);
    // Names a process of another time, or of the host the store was copied from: the lock says nobody is there.
    rmSync(path.join(this.data, 'postmaster.pid'), { force: true });
  }

  /**
   * Gives the files of a relation, which change no more, names as `.sst` in the store. PostgreSQL may have them open:
   * they stay the same files, and at no moment is one missing from its place.
   */
  settle(relation: string): void {
    const directory = path.join(this.data, path.dirname(relation));
    const segment = new RegExp(`^${path.basename(relation)}(\\.\\d+)?$`);
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isFile() || !segment.test(entry.name)) continue;
      const place = path.join(directory, entry.name);
      const settled = this.in(`${String(this.#lastSettled() + 1).padStart(6, '0')}.sst`);
      const link = path.join(this.temp, entry.name);
      linkSync(place, settled);
      symlinkSync(path.relative(directory, settled), link);
      renameSync(link, place);
    }
  }

  /** When the server that had the store before wrote to it last, however it ended. */
  lastWrite(): Date {
    const log = path.join(this.data, 'pg_wal');
    const segments = readdirSync(log).filter((name) => /^[0-9A-F]{24}$/.test(name));
    const written = segments.map((name) => statSync(path.join(log, name)).mtimeMs);
    return new Date(Math.max(...written));
  }

  /** Leaves the store as an orderly stop does. */
  close(): void {
    this.#removeUnused();
    writeFileSync(this.in('MANIFEST'), this.#files().join(''));
    rmSync(this.temp, { recursive: true, force: true });
    writeFileSync(this.in('temp-dirs-record.txt'), '');
  }

  /** The identity that all copies of a store share. */
  clusterId(): string {
    const identifier = Buffer.alloc(8);
    readSync(openSync(path.join(this.data, 'global/pg_control'), 'r'), identifier);
    const hex = createHash('sha256').update(identifier).digest('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  }

  /** PostgreSQL's last complaint. */
  lastError(): string {
    const lines = readFileSync(this.in('logs/postgresql.log'), 'utf8').split('\n');
    return (
      /(?:FATAL|PANIC): +(.*)$/.exec(lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? '')?.[1] ?? 'no message'
    );
  }

  in(name: string): string {
    return path.join(this.directory, name);
  }

  #takeLock(): void {
    // The lock belongs to the open file, which `flock` only borrows. A server killed a moment ago needs that moment to die.
    const { status } = spawnSync('flock', ['--exclusive', '--wait', '0.5', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', this.lock],
    });
    if (status !== 1) return;
    const temp = readFileSync(this.in('temp-dirs-record.txt'), 'utf8').trim();
    throw new CommandFailure(
      `could not cleanup temporary directories from record file: could not lock temporary directory ${temp}, may still be in use: resource temporarily unavailable`,
    );
  }

  #initialise(): void {
    this.#restarted = false;
    const made = path.join(this.temp, 'postgresql');
    initialise(made, this.temp);
    renameSync(made, this.data);
    writeFileSync(this.in('CURRENT'), 'MANIFEST\n');
  }

  #verifyManifest(): void {
    if (!existsSync(this.in('MANIFEST'))) return;
    for (const line of readFileSync(this.in('MANIFEST'), 'utf8').trim().split('\n')) {
      const [size, name = ''] = line.split('\t');
      const file = path.join(this.data, name);
      const found = statSync(file, { throwIfNoEntry: false });
      if (!found) throw new Error(`failed to create engines: stat ${file}: no such file or directory`);
      if (found.size !== Number(size))
        throw new Error(
          `failed to create engines: file size mismatch (${file}): ${found.size} (disk) != ${size} (MANIFEST)`,
        );
    }
    rmSync(this.in('MANIFEST'));
  }

  #files(): string[] {
    return readdirSync(this.data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .concat(this.#settled().map((name) => this.in(name)))
      .map((file) => `${statSync(file).size}\t${path.relative(this.data, file)}\n`);
  }

  #settled(): string[] {
    return readdirSync(this.directory).filter((name) => name.endsWith('.sst'));
  }

  #lastSettled(): number {
    return Math.max(0, ...this.#settled().map((name) => parseInt(name)));
  }

  /** Tables may have been dropped, and a kill may have come before the place in `postgresql/` led there. */
  #removeUnused(): void {
    const used = readdirSync(this.data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => path.basename(readlinkSync(path.join(entry.parentPath, entry.name))));
    for (const name of this.#settled()) if (!used.includes(name)) rmSync(this.in(name));
  }
}
