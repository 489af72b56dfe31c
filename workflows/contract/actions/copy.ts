import { z } from 'zod';
import { change, job, jobOutput, read } from '../action';
import { absolutePath, instant, name } from '../fields';
import { databaseRef, type HostRef, hostRef, strategy } from '../site';

/** The directory on a host in which one run works; removed at the end. */
export const workplace = z.strictObject({ host: hostRef, directory: absolutePath });
export type Workplace = z.infer<typeof workplace>;
export const inWorkplace = ({ workplace: { host, directory } }: { workplace: Workplace }) =>
  `directory/${host.name}${directory}`;
const backupNeeds = ({ workplace: { host } }: { workplace: Workplace }) => [
  `server/${host.server?.name ?? host.name}`,
  `volume/${host.name}`,
];

/** Which host may pull from which, under a key made for this run. */
export const pull = z.strictObject({
  workplace,
  database: databaseRef,
  name,
  /** `back`: the database host pulls what was unpacked in the workplace. Absent: the workplace's host pulls the store. */
  way: z.literal('back').optional(),
  /** The directory on the database host that is pulled in place of the store. */
  snapshot: absolutePath.optional(),
});
export type Pull = z.infer<typeof pull>;

/** The host that asks, the one that answers, and what it answers with. */
export function endsOfPull({ workplace, database, way, snapshot }: Pull): {
  reader: HostRef;
  source: HostRef;
  what: string;
} {
  return way === 'back'
    ? { reader: database.host, source: workplace.host, what: 'the backup' }
    : { reader: workplace.host, source: database.host, what: snapshot === undefined ? 'the store' : 'the snapshot' };
}
const pullTarget = ({ pull }: { pull: Pull }) => {
  const { reader, source } = endsOfPull(pull);
  return `trust/${reader.name}->${source.name}`;
};

/** Tools, host keys, and room for copy, archive and scratch database. */
export const checkBackupHost = read({
  title: ({ workplace }) => `Check backup host ${workplace.host.name}: tools, host key, space`,
  target: ({ workplace }) => `host/${workplace.host.name}`,
  needs: backupNeeds,
  input: z.strictObject({ workplace, database: databaseRef }),
  output: z.strictObject({
    storeBytes: z.int().nonnegative(),
    freeBytes: z.int().nonnegative(),
    neededBytes: z.int().nonnegative(),
    compression: z.enum(['zstd', 'gzip']),
  }),
});

export const readWorkplace = read({
  title: ({ workplace }) => `Look at ${workplace.directory} on ${workplace.host.name}`,
  target: inWorkplace,
  needs: backupNeeds,
  input: z.strictObject({ workplace }),
  output: z.strictObject({ exists: z.boolean() }),
});

export const makeWorkplace = change({
  title: ({ workplace }) => `Make ${workplace.directory} on ${workplace.host.name}`,
  target: inWorkplace,
  input: z.strictObject({ workplace }),
  output: z.strictObject({ changed: z.boolean() }),
});

/** Removes the directory and everything in it; nothing to do where the server is off or the volume not mounted. */
export const removeWorkplace = change({
  title: ({ workplace }) => `Remove ${workplace.directory} on ${workplace.host.name}`,
  target: inWorkplace,
  input: z.strictObject({ workplace }),
  output: z.strictObject({ changed: z.boolean() }),
});

export const readPull = read({
  title: ({ pull }) => `Look at who may read ${endsOfPull(pull).what} on ${endsOfPull(pull).source.name}`,
  target: pullTarget,
  needs: ({ pull }) => backupNeeds(pull),
  input: z.strictObject({ pull }),
  output: z.strictObject({ authorized: z.boolean() }),
});

/**
 * Makes a key on the reading host and lets it read on the other.
 *
 * Only the public half travels. The entry is restricted to a fixed command that answers `list` and `fetch`,
 * to the reader's address and to a day.
 */
export const authorizePull = change({
  title: ({ pull }) => {
    const { reader, source, what } = endsOfPull(pull);
    return `Let ${reader.name} read ${what} on ${source.name}`;
  },
  target: pullTarget,
  input: z.strictObject({ pull }),
  output: z.strictObject({ changed: z.boolean(), fingerprint: z.string() }),
});

/** Removes the key from both hosts. */
export const revokePull = change({
  title: ({ pull }) => `End what ${endsOfPull(pull).reader.name} may read on ${endsOfPull(pull).source.name}`,
  target: pullTarget,
  input: z.strictObject({ pull }),
  output: z.strictObject({ changed: z.boolean() }),
});

export const copied = z.strictObject({
  ...jobOutput,
  /** Files and bytes in the store. */
  files: z.int(),
  bytes: z.int(),
  /** Files and bytes that this copy had to transfer. */
  copiedFiles: z.int(),
  copiedBytes: z.int(),
  tookMs: z.number(),
});

/** Copies the store while the database serves, so that little is left to copy later. Not a backup by itself. */
export const copyAhead = job({
  title: ({ pull }) => `Copy the store of ${pull.database.host.name} ahead`,
  target: ({ pull }) => inWorkplace(pull),
  host: ({ pull }) => pull.workplace.host,
  input: z.strictObject({ pull }),
  output: copied,
  mustStop: false,
});

/**
 * Copies what nobody changes now: what has changed since the copy ahead, while the database is stopped, or a snapshot.
 * Every file has a digest from its transfer.
 */
export const copyStore = job({
  title: ({ pull: { database, snapshot } }) =>
    snapshot === undefined
      ? `Copy what changed in the store of ${database.host.name}`
      : `Copy the snapshot on ${database.host.name}`,
  target: ({ pull }) => inWorkplace(pull),
  host: ({ pull }) => pull.workplace.host,
  input: z.strictObject({ pull }),
  output: copied,
  mustStop: false,
});

/** What the manifest says besides digests and sizes. */
export const manifestFacts = z.strictObject({
  site: name,
  engine: z.string(),
  version: z.string(),
  standIn: z.boolean(),
  strategy,
  /** What the archive holds: a store that can be started, or the engine's own backup of it. @default store */
  form: z.enum(['store', 'backup']).optional(),
  run: z.strictObject({ workflowId: z.string(), runId: z.string() }),
  rows: z.record(z.string(), z.int()).nullable(),
  marker: z.string().nullable(),
  /** Null where production served all the time. */
  productionDownAt: instant.nullable(),
  productionUpAt: instant.nullable(),
  /** All that was acknowledged before it is in the archive. @default when production was down */
  asOf: instant.optional(),
  note: z.string(),
});

/** Compares the copy with its digests, then writes archive and manifest: partial name, flushed, renamed. */
export const makeArchive = job({
  title: ({ workplace }) => `Make the archive on ${workplace.host.name}`,
  target: ({ workplace, directory }) => `directory/${workplace.host.name}${directory}`,
  host: ({ workplace }) => workplace.host,
  input: z.strictObject({
    workplace,
    /** Where archives lie. */
    directory: absolutePath,
    /** File name without suffix. */
    name: z.string(),
    facts: manifestFacts,
  }),
  output: z.strictObject({
    ...jobOutput,
    archive: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    manifestSha256: z.string(),
    tookMs: z.number(),
  }),
  runOnly: ['name', 'facts'],
  mustStop: false,
});

/** Exit code of a job that found the archive itself to be bad, whatever its host does. */
export const badArchive = 65;

/** Unpacks the archive, compares every file, starts a scratch database on it and compares rows; then says so beside it. */
export const readBack = job({
  title: ({ workplace }) => `Read the archive back on ${workplace.host.name}`,
  target: ({ workplace, directory }) => `directory/${workplace.host.name}${directory}`,
  host: ({ workplace }) => workplace.host,
  input: z.strictObject({ workplace, database: databaseRef, directory: absolutePath, archive: z.string() }),
  output: z.strictObject({
    ...jobOutput,
    verifiedAt: instant,
    rows: z.record(z.string(), z.int()).nullable(),
    tookMs: z.number(),
  }),
  runOnly: ['archive'],
  mustStop: false,
});
