import { type ActivityDependencies, createActivities, type CreatedActivities } from '../activities';
import { type Sites } from '../activities/site/sites';
import { type LoadedSite } from '../workflows/contract/companions';
import { resolveSite } from '../workflows/contract/resolve-site';
import { watchBackups } from './backup-watch';
import { reportOpenBrackets } from './open-brackets';
import { type WorkerActivities } from './worker';

export interface OwnActivities extends WorkerActivities {
  readonly reportOpenBrackets: (say: (line: string) => void) => Promise<void>;
  readonly watchBackups: (say: (line: string) => void) => Promise<void>;
}

/** The activities of a worker in production, and what it does first: see that backups are watched, and what is open. */
export function activitiesForWorker(dependencies: ActivityDependencies): OwnActivities {
  const { activities, implementations, tell, close } = createActivities(dependencies);
  const { client, sites } = dependencies;
  return {
    activities,
    close,
    reportOpenBrackets: async (say) =>
      reportOpenBrackets({
        client,
        sites: await loadable(sites, say),
        readProduction: (site) => readProduction(implementations, site),
        alarm: (site, run, text) => tell(site.document.notify, { kind: 'alarm', site: site.name, run, text }),
        say,
      }),
    watchBackups: async (say) => watchBackups(client, await loadable(sites, say), say),
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
