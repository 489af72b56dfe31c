import { WorkflowNotFoundError } from '@temporalio/client';
import { type Command } from 'commander';
import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { catalogueIdOf, messages } from '../../workflows/contract/messages';
import { type Context } from '../context';
import { bytesText, momentText } from '../render/amounts';
import { table } from '../render/table';
import { askWorker, type TemporalAccess, withTemporal } from '../temporal';

/** `backups [site]`: what the catalogue knows; it answers while the backup server is off. */
export function addBackups(program: Command, context: Context): void {
  program
    .command('backups [site]')
    .description('the backups of a site, newest first')
    .option('--all', 'with copies that were put aside')
    .option('--json', 'print them as one JSON document')
    .action(async (site: string | undefined, { all = false, json }: { all?: boolean; json?: boolean }) => {
      const { name } = await context.sites.load(site ?? null);
      const records = await withTemporal(context, (access) => backupsOf(access, name, { all }));
      if (json) context.output.json(records);
      else context.output.print(records.length ? lines(records) : [`no backups of ${name} yet`]);
    });
}

/** The catalogue's records, newest first; none where nothing has been backed up yet. */
export async function backupsOf(
  access: TemporalAccess,
  site: string,
  { all }: { readonly all: boolean },
): Promise<readonly BackupRecord[]> {
  const handle = access.client.workflow.getHandle(catalogueIdOf(site));
  try {
    const { taskQueue } = await handle.describe();
    const records = await askWorker(access, taskQueue, () => handle.query<BackupRecord[]>(messages.backups));
    return records
      .filter(({ kind }) => all || kind === 'archive')
      .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

function lines(records: readonly BackupRecord[]): string[] {
  return table([
    ['made', 'size', 'verified', 'archive'],
    ...records.map(({ createdAt, bytes, verifiedAt, name }) => [
      momentText(createdAt),
      bytesText(bytes),
      verifiedAt ? momentText(verifiedAt) : 'NOT VERIFIED',
      name,
    ]),
  ]);
}
