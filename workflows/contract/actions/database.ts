import { z } from 'zod';
import { change, read } from '../action';
import { instant, seconds } from '../fields';
import { databaseRef } from '../site';

const target = ({ database }: { database: { host: { name: string } } }) => `database/${database.host.name}`;
const where = ({ database }: { database: { host: { name: string } } }) => `on ${database.host.name}`;

/** Rows per table. */
export const rowCounts = z.record(z.string(), z.int().nonnegative());

export const readDatabase = read({
  title: (input) => `Look at the database ${where(input)}`,
  target,
  input: z.strictObject({ database: databaseRef }),
  output: z.strictObject({
    /** A server process has the store open. */
    running: z.boolean(),
    /** It answers queries and says that it may take clients. */
    healthy: z.boolean(),
    version: z.string(),
    /** A program that behaves like the engine but is not it (in the lab). */
    standIn: z.boolean(),
    /** Size of the store on disk. */
    storeBytes: z.int().nonnegative(),
    /** Rows can be counted later, as of a moment that has passed. */
    looksBack: z.boolean(),
  }),
});

/**
 * Counts the rows of every table, or, where that takes over 2 s, writes a marker row that can be looked for later.
 * A change, because of the marker: only to be used while nobody else writes.
 */
export const countRows = change({
  title: (input) => `Count the rows ${where(input)}`,
  target: ({ database }) => `rows/${database.host.name}`,
  input: z.strictObject({ database: databaseRef }),
  output: z.strictObject({ rows: rowCounts.nullable(), marker: z.string().nullable() }),
});

/**
 * Writes a marker row, to be looked for in a copy that is made later. Every attempt writes the same one. It stays, in the
 * table `runbook_marker` of the application's database.
 */
export const writeMarker = change({
  title: (input) => `Write a marker ${where(input)}`,
  target: ({ database }) => `rows/${database.host.name}`,
  input: z.strictObject({ database: databaseRef }),
  output: z.strictObject({ marker: z.string() }),
});

/** Stops the database in order, by force when it has not stopped after `withinSeconds`. */
export const stopDatabase = change({
  title: (input) => `Stop the database ${where(input)}`,
  target,
  input: z.strictObject({ database: databaseRef, withinSeconds: seconds }),
  output: z.strictObject({
    changed: z.boolean(),
    forced: z.boolean(),
    tookMs: z.number(),
    /** A moment at which it was stopped, by the clock of its host; null where it cannot look back to that. */
    stoppedAt: instant.nullable(),
  }),
  // The stop has a limit of its own, after which it uses force: the attempt must outlive both.
  startToCloseSeconds: ({ withinSeconds }) => withinSeconds + 30,
});

/** Starts the database and returns when it is healthy. */
export const startDatabase = change({
  title: (input) => `Start the database ${where(input)}`,
  target,
  input: z.strictObject({ database: databaseRef }),
  output: z.strictObject({ changed: z.boolean(), tookMs: z.number() }),
});
