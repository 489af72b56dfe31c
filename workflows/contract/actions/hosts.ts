import { z } from 'zod';
import { read } from '../action';
import { hostRef } from '../site';

/** Whether the host answers, is the one it says it is, and how it is. */
export const readHost = read({
  title: ({ host }) => `Look at ${host.name}`,
  target: ({ host }) => `host/${host.name}`,
  needs: ({ host }) => [`server/${host.server?.name ?? host.name}`],
  input: z.strictObject({ host: hostRef }),
  output: z.strictObject({
    /** Another one after each reboot. */
    bootId: z.string(),
    uptimeSeconds: z.number(),
    /** Of the last minute. */
    load: z.number(),
    /** Of the root file system: what a user who is not root may still write. */
    freeBytes: z.int(),
  }),
});
