import { z } from 'zod';
import { change, read } from '../action';
import { instant } from '../fields';
import { productionRef } from '../site';

const target = ({ production }: { production: { floatingIp: string } }) => `production/${production.floatingIp}`;

// A guard waits this long for a move that was in flight when its run ended, so it is as short as the patience with a page allows.
const moveSeconds = () => 45;

/** Which page the public address serves, who moved it last, and whether the fallback page would answer. */
export const readProduction = read({
  title: () => 'Look at production',
  target,
  input: z.strictObject({ production: productionRef }),
  output: z.strictObject({
    serving: z.enum(['production', 'fallback', 'nothing']),
    /** The server that holds the address. */
    at: z.string().nullable(),
    /** Who took production down and why, as written at the address; empty if nobody did. */
    note: z.string(),
    fallbackAnswers: z.boolean(),
  }),
});

/** Moves the public address to the fallback page and returns when a probe of it sees that page. */
export const takeProductionDown = change({
  title: () => 'Take production down',
  target,
  // The note stays at the address, so that whoever finds production down knows who did it and why.
  input: z.strictObject({ production: productionRef, note: z.string().max(255) }),
  output: z.strictObject({ changed: z.boolean(), at: instant }),
  runOnly: ['note'],
  startToCloseSeconds: moveSeconds,
});

/**
 * Moves the public address to production and returns when a probe of it sees production.
 *
 * With `unseen` the address alone is moved: back to a production that served nothing before.
 */
export const bringProductionUp = change({
  title: () => 'Bring production up',
  target,
  input: z.strictObject({ production: productionRef, unseen: z.literal(true).optional() }),
  output: z.strictObject({ changed: z.boolean(), at: instant }),
  startToCloseSeconds: moveSeconds,
});
