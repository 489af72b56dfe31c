import { type Client } from '@temporalio/client';
import { type Activities, activitiesOf } from './activities';
import { archiveActions } from './archive';
import { cloudActions } from './cloud';
import { copyActions, knownRoutes } from './copy';
import { databaseActions } from './database';
import { hostActions } from './hosts';
import { type Implementations } from './implementation';
import { jobActions } from './jobs';
import { notifyActions } from './notify';
import { createOpenStack } from './openstack';
import { systemClock } from './openstack/clock';
import { type Tell } from './perform';
import { productionActions } from './production';
import { restoreActions } from './restore';
import { snapshotActions } from './snapshot';
import { type Sites } from './site/sites';
import { createSshHosts } from './ssh/hosts';
import { volumeActions } from './volume';

export interface ActivityDependencies {
  readonly client: Client;
  /** What the worker was started with: where credentials, keys and known hosts are. */
  readonly env: NodeJS.ProcessEnv;
  readonly sites: Sites;
  readonly home: string;
  /** Where a relative `clouds.yaml` is looked for. */
  readonly cwd: string;
}

/** The activities, and what a worker uses of them outside of runs. */
export interface CreatedActivities {
  readonly activities: Activities;
  readonly implementations: Implementations;
  readonly tell: Tell;
  /** Closes connections to hosts and clouds. */
  readonly close: () => Promise<void>;
}

/** Joins every adapter to the world. Nothing is connected before it is needed. */
export function createActivities({ client, env, sites, home, cwd }: ActivityDependencies): CreatedActivities {
  const openstack = createOpenStack({ env, home, cwd });
  const ssh = createSshHosts({ env, home });
  const clock = systemClock;
  const routeTo = knownRoutes({ env, home });
  const implementations: Implementations = {
    ...cloudActions({ openstack, ssh, clock }),
    ...productionActions({ openstack, clock }),
    ...databaseActions({ ssh, clock }),
    ...volumeActions({ openstack, ssh }),
    ...copyActions({ openstack, ssh, routeTo }),
    ...snapshotActions({ openstack, ssh, routeTo }),
    ...restoreActions({ openstack, ssh, routeTo, clock }),
    ...archiveActions({
      openstack,
      ssh,
      client,
      loadSite: (site) => sites.load(site),
    }),
    ...hostActions({ ssh }),
    ...jobActions({ openstack, ssh }),
    ...notifyActions({ env, clock }),
  };
  const tell: Tell = async (targets, message) => {
    await implementations.notify.do({ targets: [...targets], ...message }, outsideOfRuns(message));
  };
  return {
    activities: activitiesOf(implementations, { client, tell, loadSite: (site) => sites.load(site) }),
    implementations,
    tell,
    close: async () => {
      await Promise.all([ssh.close(), openstack.close()]);
    },
  };
}

const tellWithinMs = 8_000;

/** A message that is sent beside an action, not as one. */
function outsideOfRuns({ run, kind, site }: Parameters<Tell>[1]): Parameters<Implementations['notify']['do']>[1] {
  return {
    call: {
      site,
      runbook: '',
      workflowId: run,
      runId: '',
      title: `Tell: ${kind}`,
      key: '',
      fence: null,
      guard: null,
      alarm: [],
    },
    signal: AbortSignal.timeout(tellWithinMs),
    deadlineMs: Date.now() + tellWithinMs,
    attempt: 1,
    jobStarted: false,
    progress: () => undefined,
    markJobStarted: () => undefined,
  };
}
