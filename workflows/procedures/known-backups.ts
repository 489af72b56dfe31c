import { act } from '../contract/actions';
import { type BackupRecord, type Drill } from '../contract/actions/archives';
import { type Ops } from '../kit/ops';

/** A backup with the drills that the catalogue remembers. */
export type KnownBackup = BackupRecord & { readonly drills: readonly Drill[] };

/**
 * The backups on the mounted volume; the catalogue hears of those it did not know. Where none can be seen (in a plan, the
 * server may be off), those that the catalogue knows.
 */
export async function knownBackups(ops: Ops): Promise<readonly KnownBackup[]> {
  const { name: site, backup } = ops.site;
  const place = { host: backup.host, volume: backup.volume, directory: backup.directory };
  const known = (await ops.attempt(act.readCatalogue({ site })))?.backups ?? [];
  const { archives } = await ops.do(act.listArchives({ place, site }));
  // A cache: nothing fails because of it.
  await ops.attempt(act.updateCatalogue({ site, backups: archives }));
  if (archives.length === 0) return known.filter(({ kind, missingSince }) => kind === 'archive' && !missingSince);
  return archives.map((archive) => ({
    ...archive,
    drills: known.find(({ name }) => name === archive.name)?.drills ?? [],
  }));
}
