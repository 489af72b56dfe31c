/** The programs of the application, each run on a host of its own. Addresses are `host:port`. */
export type Service =
  | { readonly service: 'web-server'; readonly listen: string; readonly name: string; readonly database: string }
  | { readonly service: 'fallback-server'; readonly listen: string }
  | { readonly service: 'balancer'; readonly listen: string; readonly upstreams: readonly string[] };

/** Where a host finds Node and the built programs. The defaults are those of `applicationBinds`. */
export interface ServicePlaces {
  /** @default '/lab/node/node' */
  readonly node?: string;
  /** The built `lab` folder. @default '/lab/app' */
  readonly app?: string;
}

/**
 * The command line that runs a service in the foreground until SIGTERM. It prints `listening on ...` once it serves.
 *
 * Words for `exec`, not shell text.
 */
export function serviceCommand(service: Service, { node = '/lab/node/node', app = '/lab/app' }: ServicePlaces = {}) {
  return [node, `${app}/application/${service.service}.js`, '--listen', service.listen, ...serviceArguments(service)];
}

function serviceArguments(service: Service): string[] {
  switch (service.service) {
    case 'web-server':
      return ['--name', service.name, '--database', `postgresql://root@${service.database}/bookface`];
    case 'balancer':
      return service.upstreams.flatMap((upstream) => ['--upstream', upstream]);
    case 'fallback-server':
      return [];
  }
}
