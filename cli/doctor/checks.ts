import { type Check } from './check';
import { queues } from './queues';
import { server } from './server';
import { versions } from './versions';

/** Everything the doctor looks at, in this order. */
export const checks: readonly Check[] = [server, queues, versions];
