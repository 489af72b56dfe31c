import { sleep } from '@temporalio/workflow';

/** As many activations as it is told, in which nothing is done but to ask for the next. */
export async function empty(activations: number): Promise<void> {
  for (let activation = 1; activation < activations; activation++) await sleep(1);
}
