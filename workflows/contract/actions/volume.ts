import { z } from 'zod';
import { change, read } from '../action';
import { absolutePath } from '../fields';
import { hostRef } from '../site';

const input = z.strictObject({ host: hostRef, mountPoint: absolutePath });
type Input = z.infer<typeof input>;

const target = ({ host, mountPoint }: Input) => `volume/${host.name}${mountPoint}`;
const needs = ({ host }: Input) => [`server/${host.server?.name ?? host.name}`];

export const readVolume = read({
  title: ({ host, mountPoint }) => `Look at ${mountPoint} on ${host.name}`,
  target,
  needs,
  input,
  output: z.strictObject({ mounted: z.boolean() }),
});

export const mountVolume = change({
  title: ({ host, mountPoint }) => `Mount ${mountPoint} on ${host.name}`,
  target,
  input,
  output: z.strictObject({ changed: z.boolean() }),
});

/** Unmounts the volume; a server that is off has nothing mounted. */
export const unmountVolume = change({
  title: ({ host, mountPoint }) => `Unmount ${mountPoint} on ${host.name}`,
  target,
  input,
  output: z.strictObject({ changed: z.boolean() }),
});
