/**
 * The services we talk to: their names in a catalog (the official one first), the API version their paths are
 * written for, and the microversion every request states.
 */
export const services = {
  /** 2.79 (Train) shows `locked` and returns the detail we read; a request without one would get 2.1. */
  compute: { types: ['compute'], version: 'v2.1', microversion: 'compute 2.79' },
  network: { types: ['network'], version: 'v2.0', microversion: undefined },
  'block-storage': {
    types: ['block-storage', 'block-store', 'volumev3', 'volume'],
    version: 'v3',
    microversion: undefined,
  },
} as const;

export type ServiceName = keyof typeof services;

export const serviceNames = Object.keys(services) as ServiceName[];
