import { sleep } from '@temporalio/workflow';

/** Nothing: begins and ends in one activation. */
export async function empty(): Promise<void> {}

/** As many activations as it is told, in which nothing is done but to ask for the next. */
export async function idle(activations: number): Promise<void> {
  for (let activation = 1; activation < activations; activation++) await sleep(1);
}
