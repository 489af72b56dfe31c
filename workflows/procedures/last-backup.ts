import { type CatalogueEntry } from '../contract/actions/archives';
import { type Ops } from '../kit/ops';
import { lastBackup } from '../planners/backup-alarm';

/** Raises an alarm when the newest verified backup is older than the site allows. The run goes on: it makes a new one. */
export async function tellIfLastBackupIsOld(ops: Ops, known: readonly CatalogueEntry[]): Promise<void> {
  const { name, backup } = ops.site;
  const newest = lastBackup(known);
  if (!newest) return;
  const hours = (Date.now() - Date.parse(newest.createdAt)) / 3_600_000;
  if (hours > backup.maxAgeHours)
    await ops.tell(
      'alarm',
      `the last verified backup of ${name} is ${Math.round(hours)} h old (${newest.name}); the limit is ${backup.maxAgeHours} h`,
    );
}
