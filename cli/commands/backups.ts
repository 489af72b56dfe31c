import { WorkflowNotFoundError } from '@temporalio/client';
import { type Command } from 'commander';
import { z } from 'zod';
import { type CatalogueEntry, catalogueEntry } from '../../workflows/contract/actions/archives';
import { catalogueIdOf, messages } from '../../workflows/contract/messages';
import { type Context } from '../context';
import { backupsText } from '../render/backups';
import { askWorker, type TemporalAccess, withTemporal } from '../temporal';

/** `backups [site]`: what the catalogue knows; it answers while the backup server is off. */
export function addBackups(program: Command, context: Context): void {
  program
    .command('backups [site]')
    .description('what there is to restore from, newest first: archives, and data that a restore moved aside')
    .option('--json', 'print them as one JSON document')
    .action(async (site: string | undefined, { json }: { json?: boolean }) => {
      const { name, document } = await context.sites.load(site ?? null);
      const entries = await withTemporal(context, (access) => backupsOf(access, name));
      const { maxAgeHours } = document.backup;
      if (json) context.output.json(entries);
      else context.output.print(backupsText({ site: name, maxAgeHours }, entries, new Date()));
    });
}

/** What the catalogue knows, newest first; nothing where nothing has been backed up yet. */
export async function backupsOf(access: TemporalAccess, site: string): Promise<readonly CatalogueEntry[]> {
  const handle = access.client.workflow.getHandle(catalogueIdOf(site));
  try {
    const { taskQueue } = await handle.describe();
    const answer = await askWorker(access, taskQueue, () => handle.query<unknown>(messages.backups));
    return z
      .array(catalogueEntry)
      .parse(answer)
      .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}
