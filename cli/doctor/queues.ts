import { versionedPollersOf } from '../../workers/pollers';
import { type Check, type Finding } from './check';
import { queuesOfSites } from './site-queues';

/** Each queue that a site needs has a worker: without one its runs wait, and its guards close nothing. */
export const queues: Check = {
  name: 'queues',
  run: async ({ connection, namespace, sites, seenWithinMs }) => {
    const wanted = await queuesOfSites(sites);
    const looks = [...wanted.queues].map(async ([queue, names]): Promise<Finding> => {
      const pollers = await versionedPollersOf(connection, namespace, queue, seenWithinMs);
      const what = `queue ${queue} (of ${names.join(', ')})`;
      if (pollers.length)
        return { level: 'ok', text: `${what} is polled by ${pollers.map(({ identity }) => identity).join(', ')}` };
      return {
        level: 'problem',
        text: `no worker has polled ${what} in the last ${Math.round(seenWithinMs / 1000)} s`,
        next: `runbook worker${option(queue)}`,
      };
    });
    return [...wanted.findings, ...(await Promise.all(looks))];
  },
};

function option(queue: string): string {
  const ofRuns = queue.replace(/-guard$/, '');
  return ofRuns === 'runbooks' ? '' : ` --queue ${ofRuns}`;
}
