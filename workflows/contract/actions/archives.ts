import { z } from 'zod';
import { change, read } from '../action';
import { absolutePath, instant, name } from '../fields';
import { hostRef } from '../site';

/** A backup as the catalogue and the volume know it. */
export const backupRecord = z.strictObject({
  kind: z.enum(['archive', 'aside']),
  /** File name of the archive. */
  name: z.string(),
  site: name,
  createdAt: instant,
  bytes: z.int(),
  sha256: z.string(),
  engine: z.string(),
  strategy: z.string(),
  verified: z.boolean(),
  verifiedAt: instant.nullable(),
  rows: z.record(z.string(), z.int()).nullable(),
  marker: z.string().nullable(),
  /** Workflow id of the run that made it. */
  run: z.string(),
  /** When production was down for it: nothing acknowledged later is in it. Absent in records of before, like what follows. */
  asOf: instant.optional(),
  /** Of the engine. */
  version: z.string().optional(),
  /** Of the store it was made of. */
  storeBytes: z.int().optional(),
  /** Whether the engine was a stand-in for the real one. */
  standIn: z.boolean().optional(),
  /** Why it is no longer taken for verified, as it is said beside it. */
  problem: z.string().optional(),
  /** Of data moved aside: it is removed after this. */
  keptUntil: instant.optional(),
});
export type BackupRecord = z.infer<typeof backupRecord>;

/** A rehearsed restore of a backup, as `restore-drill` records it. */
export const drill = z.strictObject({
  /** Name of the backup. */
  backup: z.string(),
  at: instant,
  ok: z.boolean(),
  /** From the start of the restore until the database was ready; null if it never was. */
  rtoMs: z.number().nullable(),
  /** Age of the backup then: what would have been lost. */
  rpoMs: z.number(),
  /** What was wrong, in a sentence; null for one that went well. */
  problem: z.string().nullable(),
  /** Workflow id of the drill. */
  run: z.string(),
});
export type Drill = z.infer<typeof drill>;

/** A directory on a host in which backups lie. */
export const backupPlace = z.strictObject({ host: name, directory: absolutePath });
export type BackupPlace = z.infer<typeof backupPlace>;

/** What is known of one backup. A catalogue of before answers with less, whose defaults are here; a newer one with more. */
export const catalogueEntry = z.object({
  ...backupRecord.shape,
  where: backupPlace.nullable().default(null),
  /** When a run last saw it there. */
  seenAt: instant.nullable().default(null),
  /** When a run first did not see it there, although nothing had removed it. */
  missingSince: instant.nullable().default(null),
  /** When a run first saw it, and that run's workflow id. Other than `run`: it was found, and adopted. */
  foundAt: instant.nullable().default(null),
  foundBy: z.string().default(''),
  /** The last few, oldest first. */
  drills: z.array(drill).default([]),
  /** What the retention last decided about it, and why. */
  decision: z.strictObject({ keep: z.boolean(), why: z.string() }).nullable().default(null),
});
export type CatalogueEntry = z.infer<typeof catalogueEntry>;

const decision = z.strictObject({ name: z.string(), why: z.string() });

/** Which backup a person means. */
export const wantedBackup = z.union([z.string().min(1), z.strictObject({ before: instant })]);
export type WantedBackup = z.infer<typeof wantedBackup>;

const place = z.strictObject({ host: hostRef, volume: absolutePath, directory: absolutePath });
type Place = z.infer<typeof place>;
const target = ({ place }: { place: Place }) => `directory/${place.host.name}${place.directory}`;
const needs = ({ place: { host } }: { place: Place }) => [
  `server/${host.server?.name ?? host.name}`,
  `volume/${host.name}`,
];

/** The archives on the volume, newest first, from their manifests and verification records. */
export const listArchives = read({
  title: ({ place }) => `List the archives on ${place.host.name}`,
  target,
  needs,
  input: z.strictObject({ place, site: name }),
  output: z.strictObject({ archives: z.array(backupRecord) }),
});

/** Removes archives and what lies beside them, manifest last. Removing what is gone already succeeds. */
export const removeArchives = change({
  title: ({ place }) => `Rotate the archives on ${place.host.name}`,
  target,
  input: z.strictObject({ place, remove: z.array(decision) }),
  output: z.strictObject({ removed: z.array(z.string()) }),
  runOnly: ['remove'],
});

/**
 * Takes a backup's verification away, so that the retention counts an older good one; the reason stays beside it.
 * One that is not verified stays as it is. A read-back that succeeds verifies it again.
 */
export const distrustArchive = change({
  title: ({ place, name }) => `Take the verification of ${name} away on ${place.host.name}`,
  target,
  input: z.strictObject({ place, name: z.string(), why: z.string() }),
  output: z.strictObject({ changed: z.boolean() }),
  runOnly: ['name', 'why'],
});

const catalogueTarget = ({ site }: { site: string }) => `catalogue/${site}`;

/** What the catalogue knows, newest first; it answers while the backup server is off. */
export const readCatalogue = read({
  title: () => 'Look at the catalogue of backups',
  target: catalogueTarget,
  input: z.strictObject({ site: name }),
  output: z.strictObject({ backups: z.array(catalogueEntry) }),
});

/**
 * Tells the catalogue what lies in a place: what it knows of that place is reconciled, the rest stays as it is.
 *
 * What it knew and is not there is said to be missing, unless `decisions` removed it or its time was over.
 */
export const updateCatalogue = change({
  title: () => 'Update the catalogue of backups',
  target: catalogueTarget,
  input: z.strictObject({
    site: name,
    /** Everything that lies there. */
    backups: z.array(backupRecord),
    /** @default the site's archives */
    where: backupPlace.optional(),
    /** What was decided about what lies, or lay, there. @default what was decided before stays */
    decisions: z.strictObject({ keep: z.array(decision), remove: z.array(decision) }).optional(),
  }),
  output: z.strictObject({}),
  runOnly: ['backups', 'decisions'],
});

/** Tells the catalogue how a drill went; after a failed one the backup is not taken for verified. It must be known there. */
export const recordDrill = change({
  title: () => 'Record the drill in the catalogue of backups',
  target: catalogueTarget,
  input: z.strictObject({ site: name, drill }),
  output: z.strictObject({}),
  runOnly: ['drill'],
});
