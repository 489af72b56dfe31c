import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Refused } from '../refusal';

/** What was done to a store, by paths in it. */
export interface Damage {
  readonly deleted: readonly string[];
  readonly corrupted: string;
}

const CHOICE = 12;
const DELETED = 3;
const BYTES = 8192;

/**
 * Deletes three files of a database's store and overwrites 8 kB in the middle of a fourth, all four among its largest:
 * those with the data. A database that runs on it may notice only when it reads them.
 *
 * @param seed decides which files, and what is written
 * @throws Refused if there is no store with so many files
 */
export function damageStore(store: string, seed: number): Damage {
  const largest = dataFiles(store)
    .map((file) => ({ file, size: statSync(join(store, file)).size }))
    .sort((a, b) => b.size - a.size || (a.file < b.file ? -1 : 1))
    .slice(0, CHOICE)
    .map(({ file }) => file);
  if (largest.length <= DELETED) throw new Refused(`damage: there is no store in ${store}`);
  const random = numbers(seed);
  const pick = () => largest.splice(random() % largest.length, 1)[0] as string;
  const deleted = Array.from({ length: DELETED }, pick);
  const corrupted = pick();
  for (const file of deleted) rmSync(join(store, file));
  overwrite(join(store, corrupted), random);
  return { deleted, corrupted };
}

/**
 * Where the engine keeps settled data in files of their own, those. Else all but the logs that a running database writes,
 * and reuses: much of them is of no account. What begins with a dot is
 * no database's, and backups are none of its data.
 */
function dataFiles(store: string): string[] {
  if (!existsSync(store)) return [];
  const files = readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(store.length + 1))
    .filter((file) => !/(^|\/)\.|^extern\/|wal|\.log$/.test(file));
  const settled = files.filter((file) => file.endsWith('.sst'));
  return settled.length > DELETED ? settled : files;
}

function overwrite(file: string, random: () => number): void {
  const { size } = statSync(file);
  const bytes = Buffer.from(Array.from({ length: Math.min(BYTES, size) }, () => random() & 0xff));
  const opened = openSync(file, 'r+');
  try {
    writeSync(opened, bytes, 0, bytes.length, Math.floor((size - bytes.length) / 2));
  } finally {
    closeSync(opened);
  }
}

/** Numbers below 2³², the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
