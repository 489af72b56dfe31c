/** The programs of the application, each run on a host of its own. Addresses are `host:port`. */
export type Service =
  | { readonly service: 'web-server'; readonly listen: string; readonly name: string; readonly database: string }
  | { readonly service: 'fallback-server'; readonly listen: string }
  | { readonly service: 'balancer'; readonly listen: string; readonly upstreams: readonly string[] };

/**
 * The command line that runs a service in the foreground until SIGTERM, on a host with `applicationBinds`. It prints
 * `listening on ...` once it serves.
 *
 * Words for `exec`, not shell text.
 *
 * @param hostPath by which path the host's processes reach a path of the host. @default the same one
 */
export function serviceCommand(service: Service, hostPath: (path: string) => string = (path) => path): string[] {
  const program = hostPath(`/lab/app/application/${service.service}.js`);
  return [hostPath('/lab/node/node'), program, '--listen', service.listen, ...serviceArguments(service)];
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
