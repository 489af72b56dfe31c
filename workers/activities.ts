import { type Client } from '@temporalio/client';
import { type Activities } from '../activities/activities';
import { type Implementations } from '../activities/implementation';
import { type Tell } from '../activities/perform';
import { type Sites } from '../activities/site/sites';
import { type LoadedSite } from '../workflows/contract/companions';
import { resolveSite } from '../workflows/contract/resolve-site';
import { reportOpenBrackets } from './open-brackets';
import { type WorkerActivities } from './worker';

export interface ActivityDependencies {
  readonly client: Client;
  readonly env: NodeJS.ProcessEnv;
  readonly sites: Sites;
  readonly home: string;
  readonly cwd: string;
}

/** What `createActivities` of `activities/index` makes: the activities, and what a worker uses of them by itself. */
export interface CreatedActivities {
  readonly activities: Activities;
  readonly implementations: Pick<Implementations, 'readProduction'>;
  readonly tell: Tell;
  /** Lets go of connections. */
  readonly close: () => Promise<void>;
}

export interface OwnActivities extends WorkerActivities {
  readonly reportOpenBrackets: (say: (line: string) => void) => Promise<void>;
}

/** The activities of a worker in production; nothing of them is loaded before this is called. */
export async function activitiesForWorker(dependencies: ActivityDependencies): Promise<OwnActivities> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { createActivities } = require('../activities/index') as {
    createActivities: (dependencies: ActivityDependencies) => Promise<CreatedActivities>;
  };
  const { activities, implementations, tell, close } = await createActivities(dependencies);
  const { client, sites } = dependencies;
  return {
    activities,
    close,
    reportOpenBrackets: async (say) =>
      reportOpenBrackets({
        client,
        sites: await loadable(sites, say),
        readProduction: (site) => readProduction(implementations, site),
        alarm: (site, run, text) => tell(site.document.notify, { kind: 'alarm', run, text }),
        say,
      }),
  };
}

/** A site file with a mistake must not hide the others. */
async function loadable(sites: Sites, say: (line: string) => void): Promise<readonly LoadedSite[]> {
  const loaded = await Promise.all(
    sites.names().map((name) =>
      sites.load(name).catch((error: Error) => {
        say(`site ${name} is left out: ${error.message}`);
        return null;
      }),
    ),
  );
  return loaded.filter((site) => site !== null);
}

const lookWithinMs = 15_000;

/** A look outside any run, before there is one. */
async function readProduction({ readProduction }: CreatedActivities['implementations'], site: LoadedSite) {
  return readProduction.do(
    { production: resolveSite(site.name, site.document).production },
    {
      call: {
        site: site.name,
        runbook: 'worker',
        workflowId: 'worker',
        runId: 'worker',
        title: `Look at production of ${site.name}`,
        key: 'worker',
        fence: null,
        guard: null,
        alarm: [],
      },
      signal: AbortSignal.timeout(lookWithinMs),
      deadlineMs: Date.now() + lookWithinMs,
      attempt: 1,
      jobStarted: false,
      progress: () => {},
      markJobStarted: () => {},
    },
  );
}
