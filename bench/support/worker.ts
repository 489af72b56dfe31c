import { type Client } from '@temporalio/client';
import { runWorker } from '../../workers/worker';
import { type Workshop } from '../harness/bench';
import { type TemporalServer } from '../../test/support/temporal-server';
import { bundleOf } from './bundle';

export interface UseWorkerOptions {
  /** The file whose exports are the workflows. */
  readonly workflows: string;
  readonly activities: (client: Client) => object;
}

/** The product's own worker, with its settings, in this process; returns once it polls both queues. */
export async function useWorker(
  workshop: Workshop,
  { address }: TemporalServer,
  { workflows, activities }: UseWorkerOptions,
): Promise<void> {
  const bundleFile = await bundleOf(workshop, workflows);
  const stop = new AbortController();
  await new Promise<void>((ready, reject) => {
    const ended = runWorker({
      temporal: { connection: { address }, namespace: 'default' },
      bundleFile,
      createActivities: (client) => ({ activities: activities(client), close: async () => undefined }),
      until: stop.signal,
      say: (line) => (line === 'ready' ? ready() : workshop.say(line)),
    });
    workshop.onClose(() => {
      stop.abort();
      return ended;
    });
    ended.catch(reject);
  });
}
