import { type Client } from '@temporalio/client';
import { tellCatalogue, watchOf } from '../activities/archive/catalogue';
import { type LoadedSite } from '../workflows/contract/companions';
import { messages } from '../workflows/contract/messages';

/**
 * Tells the catalogue of every site how old its last backup may be, and who is told: also of a site that never had one.
 *
 * Safe to repeat. What cannot be told is said, and stops nothing.
 */
export async function watchBackups(
  client: Client,
  sites: readonly LoadedSite[],
  say: (line: string) => void,
): Promise<void> {
  for (const site of sites)
    await tellCatalogue(client, site, [messages.watched, watchOf(site)]).catch((error: unknown) =>
      say(
        `the age of the backups of ${site.name} is not watched: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
}
