import { z } from 'zod';
import { job, jobOutput, read } from '../action';
import { absolutePath, instant } from '../fields';
import { databaseRef, strategy } from '../site';
import { inWorkplace, workplace } from './copy';
import { rowCounts } from './database';

/** How files come into a snapshot without being copied. */
export const snapshotWay = strategy.extract(['checkpoint', 'reflink']);

/** Whether engine and file system can do it, and room for what has to be copied. Looked at before anything is touched. */
export const checkStrategy = read({
  title: ({ database, strategy }) => `Check that a backup by ${strategy} is possible on ${database.host.name}`,
  target: ({ database }) => `host/${database.host.name}`,
  input: z.strictObject({ database: databaseRef, strategy: strategy.exclude(['cold']) }),
  output: z.strictObject({
    /** On the store's file system, also where the store is a mount point. */
    beside: absolutePath,
    freeBytes: z.int().nonnegative(),
    neededBytes: z.int().nonnegative(),
  }),
});

/**
 * Makes the workplace on the database host hold what the store holds now, without copying what can be shared with it.
 *
 * Refused while a process has the store open.
 */
export const takeSnapshot = job({
  title: ({ database }) => `Take a snapshot of the store of ${database.host.name}`,
  target: ({ snapshot }) => inWorkplace({ workplace: snapshot }),
  host: ({ snapshot }) => snapshot.host,
  input: z.strictObject({ database: databaseRef, snapshot: workplace, way: snapshotWay }),
  output: z.strictObject({
    ...jobOutput,
    /** Files whose bytes lie on the disk once, as the store's. */
    sharedFiles: z.int(),
    sharedBytes: z.int(),
    copiedFiles: z.int(),
    copiedBytes: z.int(),
    tookMs: z.number(),
  }),
});

/** Lets the engine make a backup into the workplace on the database host while it serves. */
export const backUpOnline = job({
  title: ({ database }) => `Back up the database on ${database.host.name} while it serves`,
  target: ({ snapshot }) => inWorkplace({ workplace: snapshot }),
  host: ({ snapshot }) => snapshot.host,
  input: z.strictObject({ database: databaseRef, snapshot: workplace }),
  output: z.strictObject({
    ...jobOutput,
    files: z.int(),
    bytes: z.int(),
    form: z.enum(['store', 'backup']),
    /** As of the backup's time; null where the engine cannot count so, or not within 2 s. */
    rows: rowCounts.nullable(),
    /** A row of the backup that was written just before. Null from workers of before all engines had one. */
    marker: z.string().nullable(),
    /** All that was acknowledged before this is in the backup. */
    asOf: instant,
    tookMs: z.number(),
  }),
});
