import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { backupRecord } from '../../workflows/contract/actions/archives';
import { catalogueIdOf, type CatalogueInput, companions, messages } from '../../workflows/contract/messages';
import { fail } from '../failures';
import { type Implementations } from '../implementation';

export interface CatalogueDependencies {
  readonly client: Client;
  /** The task queue on which the companions of a site run. */
  readonly catalogueQueue: (site: string) => string | Promise<string>;
}

/** The queries are answered by a worker; none means no answer. */
const answerWithinMs = 8_000;

/** The actions on the site's catalogue: a cache of what the manifests say. */
export function catalogueActions({
  client,
  catalogueQueue,
}: CatalogueDependencies): Pick<Implementations, 'readCatalogue' | 'updateCatalogue'> {
  return {
    readCatalogue: {
      async do({ site }, { deadlineMs }) {
        const handle = client.workflow.getHandle(catalogueIdOf(site));
        const until = Math.min(deadlineMs, Date.now() + answerWithinMs);
        try {
          const answer = await client.withDeadline(until, () => handle.query<unknown>(messages.backups));
          return { backups: z.array(backupRecord).parse(answer) };
        } catch (error) {
          // No backup has been made yet.
          if (error instanceof WorkflowNotFoundError) return { backups: [] };
          throw unanswered(site, error);
        }
      },
    },

    updateCatalogue: {
      async do({ site, backups }) {
        const args: [CatalogueInput] = [{ site }];
        try {
          await client.workflow.signalWithStart(companions.catalogue, {
            workflowId: catalogueIdOf(site),
            taskQueue: await catalogueQueue(site),
            args,
            signal: messages.catalogued,
            signalArgs: [backups],
            staticSummary: `Backups of ${site}`,
          });
        } catch (error) {
          throw unanswered(site, error);
        }
        return {};
      },
      async describe({ site, backups }) {
        return {
          command: `signal ${messages.catalogued} to workflow ${catalogueIdOf(site)}, starting it if need be`,
          now: null,
          changes: backups.length > 0 ? true : null,
          output: {},
        };
      },
    },
  };
}

function unanswered(site: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return fail('Unavailable', `${catalogueIdOf(site)} does not answer: ${why}`, { target: `catalogue/${site}` }, error);
}
