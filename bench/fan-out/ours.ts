import { randomUUID } from 'node:crypto';
import { createActivities } from '../../activities';
import { siteDocument } from '../../workflows/contract/site';
import { modelDocument } from '../../test/sim/site/document';
import { type Workshop } from '../harness/bench';
import { useTemporal } from '../support/temporal';
import { useWorker } from '../support/worker';
import { type Hosts } from './hosts';

/** A run that does the command on every host. @returns does it once, and says on how many hosts it succeeded */
export async function ours(workshop: Workshop, hosts: Hosts): Promise<() => Promise<number>> {
  const server = await useTemporal(workshop);
  const named = hosts.all.map(({ name, address, port }) => [name, { address, port, user: 'root' }] as const);
  const document = siteDocument.parse({
    ...modelDocument,
    notify: [],
    hosts: { ...modelDocument.hosts, ...Object.fromEntries(named) },
  });
  const env = { RUNBOOK_SSH_KEY: hosts.keyFile, RUNBOOK_KNOWN_HOSTS: hosts.knownHostsFile };
  const loadSite = async () => ({ name: 'fake', document, sha256: '00' });
  await useWorker(workshop, server, {
    workflows: require.resolve('./workflows'),
    activities: (client) => {
      const { directory } = workshop;
      const sites = { names: () => ['fake'], files: () => [], load: loadSite };
      const { activities, close } = createActivities({ client, env, home: directory, cwd: directory, sites });
      workshop.onClose(close);
      return { ...activities, loadSite };
    },
  });
  return async () => {
    const run = await server.client.workflow.start('fanOut', {
      workflowId: `fan-out/fake/${randomUUID()}`,
      taskQueue: 'runbooks',
      args: [{ action: 'status' }],
    });
    return Number(((await run.result()) as { note: string }).note);
  };
}
