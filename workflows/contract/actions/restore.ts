import { z } from 'zod';
import { change, job, jobOutput, read } from '../action';
import { absolutePath, instant, name, seconds } from '../fields';
import { databaseRef } from '../site';
import { backupRecord } from './archives';
import { copied, inWorkplace, pull, workplace } from './copy';
import { rowCounts } from './database';

/** Where a store can be renamed to and from: a directory beside it on the same file system. */
const besideStore = { database: databaseRef, beside: absolutePath };
type OnDatabase = { database: z.infer<typeof databaseRef> };
const storeTarget = ({ database }: OnDatabase) => `store/${database.host.name}`;
const databaseTarget = ({ database }: OnDatabase) => `database/${database.host.name}`;

/** What of an archive's manifest decides whether a host can serve it; absent where a manifest does not say. */
const archiveFacts = z.strictObject({
  engine: z.string(),
  version: z.string().optional(),
  standIn: z.boolean().optional(),
  storeBytes: z.int().optional(),
});

/** Tools, room for the restored data beside the present one, and an engine that can open it. Serves a host that is new, too. */
export const checkRestoreTarget = read({
  title: ({ database }) => `Check database host ${database.host.name}: tools, room, version`,
  target: ({ database }) => `host/${database.host.name}`,
  input: z.strictObject({ database: databaseRef, archive: archiveFacts }),
  output: z.strictObject({
    /** Made by nobody yet; on the store's file system also where the store is a mount point. */
    beside: absolutePath,
    freeBytes: z.int().nonnegative(),
    neededBytes: z.int().nonnegative(),
    /** Of the engine's program on the host. */
    version: z.string(),
  }),
});

/** Checks the archive against its manifest and unpacks it into `restored/` of the workplace, with its sums. */
export const unpackArchive = job({
  title: ({ workplace, archive }) => `Verify and unpack ${archive} on ${workplace.host.name}`,
  target: inWorkplace,
  host: ({ workplace }) => workplace.host,
  input: z.strictObject({
    workplace,
    /** Where archives lie. */
    directory: absolutePath,
    archive: z.string(),
    /** The site whose data the archive must hold. */
    site: name,
  }),
  output: z.strictObject({
    ...jobOutput,
    files: z.int(),
    bytes: z.int(),
    rows: z.record(z.string(), z.int()).nullable(),
    marker: z.string().nullable(),
    /** When the backup's production was down: nothing acknowledged later is in it. */
    asOf: instant,
    tookMs: z.number(),
  }),
  mustStop: false,
});

/**
 * Rows per table, or why they cannot be counted: that is an answer too, of a database that is damaged. Writes nothing.
 *
 * Bounded, because production may be down: no answer where counting takes longer than 10 s, or 2 s as of an earlier moment.
 */
export const readRows = read({
  title: ({ database }) => `Look at the rows on ${database.host.name}`,
  target: databaseTarget,
  needs: (input) => [storeTarget(input)],
  input: z.strictObject({
    database: databaseRef,
    marker: z.string().nullable(),
    /** Rows as they were then, by an engine that looks back. @default now */
    asOf: instant.optional(),
  }),
  runOnly: ['asOf'],
  output: z.strictObject({
    rows: rowCounts.nullable(),
    /** Whether the marker row is there; null where none was asked for or it cannot be looked for. */
    hasMarker: z.boolean().nullable(),
    problem: z.string().nullable(),
  }),
});

/** Brings the unpacked archive to the database host, beside the store, and compares every file with the archive's sums there. */
export const fetchStore = job({
  title: ({ pull }) => `Copy the backup to ${pull.database.host.name}`,
  target: ({ stage }) => inWorkplace({ workplace: stage }),
  host: ({ stage }) => stage.host,
  input: z.strictObject({ pull, stage: workplace }),
  output: copied,
  mustStop: false,
});

/** Copies data that was moved aside, so that it can serve again while it is still kept. */
export const copyAside = job({
  title: ({ aside, database }) => `Copy ${aside} on ${database.host.name}`,
  target: ({ stage }) => inWorkplace({ workplace: stage }),
  host: ({ stage }) => stage.host,
  input: z.strictObject({ ...besideStore, aside: name, stage: workplace }),
  output: copied,
  mustStop: false,
});

/** Where a swap is; what was returned or kept is not swapped again. */
export const swapState = z.enum(['none', 'swapping', 'swapped', 'returning', 'returned', 'kept']);

export const readSwap = read({
  title: ({ database }) => `Look at the store of ${database.host.name}`,
  target: storeTarget,
  input: z.strictObject({ ...besideStore, aside: name }),
  output: z.strictObject({ state: swapState }),
  runOnly: ['aside'],
});

/**
 * Moves the present data aside and the staged data into its place, by renames within the file system, under a journal.
 *
 * A crash between two renames is resumed by the next attempt, and led back by `returnStore`. Refused while a process has
 * the store open, and once this swap was returned or kept: an attempt that lands late changes nothing.
 */
export const swapStore = change({
  title: ({ database }) => `Move the data of ${database.host.name} aside and the backup into its place`,
  target: storeTarget,
  input: z.strictObject({
    ...besideStore,
    aside: name,
    /** The directory with the staged `store/`. */
    stage: absolutePath,
    facts: z.strictObject({
      site: name,
      run: z.string(),
      restored: z.string(),
      createdAt: instant,
      keptUntil: instant,
      /** What it holds; null where that could not be counted, absent in what was moved aside before it was asked. */
      rows: z.record(z.string(), z.int()).nullish(),
    }),
  }),
  output: z.strictObject({ changed: z.boolean() }),
  runOnly: ['aside', 'facts'],
});

/** Puts the data that was moved aside back, under the same journal. A swap that never began is refused from then on. */
export const returnStore = change({
  title: ({ database }) => `Put the old data of ${database.host.name} back`,
  target: storeTarget,
  input: z.strictObject({ ...besideStore, aside: name }),
  output: z.strictObject({ changed: z.boolean() }),
  runOnly: ['aside'],
});

/** Keeps the data that was moved aside until its time is over; from then on nothing puts it back by itself. */
export const keepAside = change({
  title: ({ database }) => `Keep the data of ${database.host.name} that was moved aside`,
  target: storeTarget,
  input: z.strictObject({ ...besideStore, aside: name }),
  output: z.strictObject({ changed: z.boolean(), bytes: z.int() }),
  runOnly: ['aside'],
});

/** The data kept aside on the database host, newest first. */
export const listAside = read({
  title: ({ database }) => `List the data kept aside on ${database.host.name}`,
  target: ({ database }) => `aside/${database.host.name}`,
  input: z.strictObject({ database: databaseRef, site: name }),
  output: z.strictObject({ beside: absolutePath, aside: z.array(backupRecord) }),
});

/** Removes kept data. What is gone already is no failure; data that a swap still needs is refused. */
export const removeAside = change({
  title: ({ database, aside }) => `Remove ${aside} on ${database.host.name}`,
  target: ({ database }) => `aside/${database.host.name}`,
  input: z.strictObject({ ...besideStore, aside: name }),
  output: z.strictObject({ removed: z.boolean() }),
});

/** Waits until the application answers on an internal path as production should. */
export const checkApplication = read({
  title: ({ check }) => `Look whether the application answers at ${check}`,
  target: databaseTarget,
  needs: (input) => [storeTarget(input)],
  input: z.strictObject({
    database: databaseRef,
    check: z.url(),
    status: z.int(),
    title: z.string(),
    withinSeconds: seconds,
  }),
  output: z.strictObject({ answered: z.boolean() }),
  startToCloseSeconds: ({ withinSeconds }) => withinSeconds + 15,
});
