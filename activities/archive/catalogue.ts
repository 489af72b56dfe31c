import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { catalogueEntry, type Drill } from '../../workflows/contract/actions/archives';
import { type LoadedSite } from '../../workflows/contract/companions';
import { type BackupWatch, type CatalogueInput, type CatalogueReport } from '../../workflows/contract/backups';
import { catalogueIdOf, companions, guardQueueOf, messages } from '../../workflows/contract/messages';
import { fail } from '../failures';
import { type Implementations } from '../implementation';

export interface CatalogueDependencies {
  readonly client: Client;
  readonly loadSite: (site: string) => Promise<LoadedSite>;
}

/** What a catalogue is told: `[message, content]`. */
export type CatalogueMessage =
  | readonly [name: typeof messages.catalogued, report: CatalogueReport]
  | readonly [name: typeof messages.drilled, drill: Drill]
  | readonly [name: typeof messages.watched, watch: BackupWatch];

/** Tells a site's catalogue something, starting it if need be. Safe to repeat; needs no worker. */
export async function tellCatalogue(client: Client, site: LoadedSite, message: CatalogueMessage): Promise<void> {
  const args: [CatalogueInput] = [{ site: site.name }];
  const [signal, content] = message;
  await client.workflow.signalWithStart(companions.catalogue, {
    workflowId: catalogueIdOf(site.name),
    taskQueue: guardQueueOf(site.document.queue),
    args,
    signal,
    signalArgs: [content],
    staticSummary: `Backups of ${site.name}`,
  });
}

/** How old the last backup of a site may be, and who is told, as its file says. */
export const watchOf = ({ document: { backup, notify } }: LoadedSite): BackupWatch => ({
  maxAgeHours: backup.maxAgeHours,
  notify,
});

/** What a run has seen, with what the site's file says besides. */
export function reportOf(
  { backups, where, decisions }: Parameters<Implementations['updateCatalogue']['do']>[0],
  site: LoadedSite,
  by: string,
): CatalogueReport {
  const { host, directory } = site.document.backup;
  return { backups, where: where ?? { host, directory }, ...(decisions && { decisions }), by, watch: watchOf(site) };
}

/** The queries are answered by a worker; none means no answer. */
const answerWithinMs = 8_000;

/** The actions on the site's catalogue: a cache of what the manifests say. */
export function catalogueActions({
  client,
  loadSite,
}: CatalogueDependencies): Pick<Implementations, 'readCatalogue' | 'updateCatalogue' | 'recordDrill'> {
  const tell = async (site: string, messageOf: (site: LoadedSite) => CatalogueMessage) => {
    const loaded = await loadSite(site);
    try {
      await tellCatalogue(client, loaded, messageOf(loaded));
    } catch (error) {
      throw unanswered(site, error);
    }
    return {};
  };
  const toSend = (site: string, signal: string) =>
    `signal ${signal} to workflow ${catalogueIdOf(site)}, starting it if need be`;
  return {
    readCatalogue: {
      async do({ site }, { deadlineMs }) {
        const handle = client.workflow.getHandle(catalogueIdOf(site));
        const until = Math.min(deadlineMs, Date.now() + answerWithinMs);
        try {
          const answer = await client.withDeadline(until, () => handle.query<unknown>(messages.backups));
          return { backups: z.array(catalogueEntry).parse(answer) };
        } catch (error) {
          // No backup has been made yet.
          if (error instanceof WorkflowNotFoundError) return { backups: [] };
          throw unanswered(site, error);
        }
      },
    },

    updateCatalogue: {
      do: (input, { call }) =>
        tell(input.site, (site) => [messages.catalogued, reportOf(input, site, call.workflowId)]),
      async describe({ site, backups }) {
        return {
          command: toSend(site, messages.catalogued),
          now: null,
          changes: backups.length > 0 ? true : null,
          output: {},
        };
      },
    },

    recordDrill: {
      do: ({ site, drill }) => tell(site, () => [messages.drilled, drill]),
      describe: async ({ site }) => ({ command: toSend(site, messages.drilled), now: null, changes: true, output: {} }),
    },
  };
}

function unanswered(site: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return fail('Unavailable', `${catalogueIdOf(site)} does not answer: ${why}`, { target: `catalogue/${site}` }, error);
}
