import { z } from 'zod';
import {
  type BackupRecord,
  backupPlace,
  backupRecord,
  type CatalogueEntry,
  drill,
  updateCatalogue,
} from './actions/archives';
import { siteDocument } from './site';

/** When people are told that there is no backup, and who. */
export const backupWatch = z.object({
  /** The last verified backup may be this old. */
  maxAgeHours: z.number().positive(),
  notify: siteDocument.shape.notify.unwrap(),
});
export type BackupWatch = z.infer<typeof backupWatch>;

/** Newer runs may know more of a backup than the catalogue that keeps it. */
const record = z.looseObject(backupRecord.shape);

/** What a run has seen in a place, and what was decided about it; see the action `updateCatalogue`. */
export const catalogueReport = z.object({
  backups: z.array(record),
  where: backupPlace,
  decisions: updateCatalogue.input.shape.decisions,
  /** Workflow id of the run that looked. */
  by: z.string(),
  watch: backupWatch,
});
export type CatalogueReport = z.infer<typeof catalogueReport>;

/** What catalogues are told, by message. Runs of before sent what lay on the volume, and nothing else. */
export const catalogueMessages = {
  catalogued: z.union([catalogueReport, z.array(record)]),
  drilled: drill,
  watched: backupWatch,
} as const;

/** What people were last told, or were to be told, of a backup that is missed. Null in the state: all is well. */
export interface BackupAlarm {
  readonly kind: 'alarm' | 'recovered';
  /** Epoch ms before which it is not told again. */
  readonly tellAt: number;
}

export interface CatalogueInput {
  readonly site: string;
  /** Carried over by continue-as-new. */
  readonly carried?: {
    readonly entries: readonly CatalogueEntry[];
    /** `since`: epoch ms at which it began. Null until a worker or a run has told. */
    readonly watch: (BackupWatch & { readonly since: number }) | null;
    readonly alarm: BackupAlarm | null;
    /** What people are still to be told. */
    readonly news: readonly string[];
  };
  /** Carried over by a continue-as-new of before. */
  readonly backups?: readonly BackupRecord[];
}
