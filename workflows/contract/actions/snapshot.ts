import { z } from 'zod';
import { job, read } from '../action';
import { absolutePath } from '../fields';
import { databaseRef, strategy } from '../site';
import { inWorkplace, workplace } from './copy';

/** How files come into a snapshot without being copied. */
export const snapshotWay = strategy.extract(['checkpoint', 'reflink']);

/** Whether engine and file system can do it, and room for what has to be copied. Looked at before anything is touched. */
export const checkStrategy = read({
  title: ({ database, strategy }) => `Check that a backup by ${strategy} is possible on ${database.host.name}`,
  target: ({ database }) => `host/${database.host.name}`,
  input: z.strictObject({ database: databaseRef, strategy: snapshotWay }),
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
    key: z.string(),
    host: z.string(),
    starts: z.int(),
    /** Files whose bytes lie on the disk once, as the store's. */
    sharedFiles: z.int(),
    sharedBytes: z.int(),
    copiedFiles: z.int(),
    copiedBytes: z.int(),
    tookMs: z.number(),
  }),
});
