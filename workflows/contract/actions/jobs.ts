import { z } from 'zod';
import { change } from '../action';
import { seconds } from '../fields';
import { hostRef } from '../site';

/** Stops a remote job and refuses its key from then on; one that never started or has ended is no failure. */
export const stopJob = change({
  title: ({ host, title }) => `Stop the job on ${host.name}: ${title}`,
  target: ({ host }) => `host/${host.name}`,
  input: z.strictObject({ host: hostRef, key: z.string(), title: z.string(), graceSeconds: seconds }),
  output: z.strictObject({
    key: z.string(),
    host: z.string(),
    state: z.enum(['never-started', 'ended', 'stopped', 'host-off']),
    starts: z.int(),
  }),
  runOnly: ['key'],
});
