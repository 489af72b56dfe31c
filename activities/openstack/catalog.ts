import { z } from 'zod';
import { type CloudConfig } from './clouds';
import { fail } from '../failures';
import { type ServiceName, serviceNames, services } from './services';

/** The list of services that comes with a token. */
export const catalogSchema = z.array(
  z.object({
    type: z.string(),
    endpoints: z.array(
      z.object({
        interface: z.string(),
        url: z.string(),
        region: z.string().nullish(),
        region_id: z.string().nullish(),
      }),
    ),
  }),
);
export type Catalog = z.infer<typeof catalogSchema>;

export type Endpoints = ReadonlyMap<ServiceName, string>;

/** Finds every service's versioned endpoint for the cloud's interface and region; without a region the first one. */
export function resolveEndpoints(catalog: Catalog, config: Pick<CloudConfig, 'interface' | 'region'>): Endpoints {
  const found = serviceNames.flatMap((service): [ServiceName, string][] => {
    const { types, version } = services[service];
    const endpoint = types
      .flatMap((type) => catalog.filter((entry) => entry.type === type))
      .flatMap(({ endpoints }) => endpoints)
      .find(
        (candidate) =>
          candidate.interface === config.interface &&
          (!config.region || [candidate.region, candidate.region_id].includes(config.region)),
      );
    return endpoint ? [[service, versioned(endpoint.url, version)]] : [];
  });
  return new Map(found);
}

/** @throws `InvalidInput` when the catalog has no such service for the cloud's interface and region. */
export function endpointOf(endpoints: Endpoints, service: ServiceName, config: CloudConfig): string {
  const { interface: kind, name, region, source } = config;
  const where = region ? ` in region ${region}` : '';
  const hint = `check region_name and interface of cloud ${name} in ${source}`;
  const endpoint = endpoints.get(service);
  if (!endpoint) throw fail('InvalidInput', `cloud ${name} lists no ${kind} ${service} endpoint${where}; ${hint}`);
  return endpoint;
}

/** Some catalogs give the bare address of a service, some a version of its API with or without a project. */
function versioned(url: string, version: string): string {
  const bare = url.replace(/\/+$/, '');
  return /\/v\d+(\.\d+)?(\/|$)/.test(new URL(bare).pathname) ? bare : `${bare}/${version}`;
}
