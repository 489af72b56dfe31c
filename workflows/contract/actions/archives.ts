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
});
export type BackupRecord = z.infer<typeof backupRecord>;

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
  input: z.strictObject({ place, remove: z.array(z.strictObject({ name: z.string(), why: z.string() })) }),
  output: z.strictObject({ removed: z.array(z.string()) }),
  runOnly: ['remove'],
});

const catalogueTarget = ({ site }: { site: string }) => `catalogue/${site}`;

/** What the catalogue knows; it answers while the backup server is off. */
export const readCatalogue = read({
  title: () => 'Look at the catalogue of backups',
  target: catalogueTarget,
  input: z.strictObject({ site: name }),
  output: z.strictObject({ backups: z.array(backupRecord) }),
});

/** Tells the catalogue what lies on the volume; what it knew before is replaced. */
export const updateCatalogue = change({
  title: () => 'Update the catalogue of backups',
  target: catalogueTarget,
  input: z.strictObject({ site: name, backups: z.array(backupRecord) }),
  output: z.strictObject({}),
  runOnly: ['backups'],
});
