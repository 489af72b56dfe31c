import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applicationBinds } from './application/binds';
import { type Service, serviceCommand } from './application/services';
import { type LabDatabase } from './database/database';
import { DirectoryMachine } from './hosts/directories';
import { createHosts, type HostSpec, type Isolation, type LabHost, LabNetwork, probeIsolation } from './hosts/host';
import { HOST_NAMES, type HostName, type Layout, text } from './layout';
import { type Paths } from './paths';

export interface SiteHosts {
  readonly isolation: Isolation;
  readonly named: Readonly<Record<HostName, LabHost>>;
  readonly close: () => Promise<void>;
}

export interface SiteHostsOptions {
  readonly paths: Paths;
  readonly layout: Layout;
  readonly database: LabDatabase;
  readonly bootDelayMs: number;
}

/** Makes the hosts of the site, all powered off, with what runs on them at boot. */
export async function createSiteHosts(options: SiteHostsOptions): Promise<SiteHosts> {
  const isolation = probeIsolation();
  const network = new LabNetwork();
  const specs = HOST_NAMES.map((name) => specOf(name, network, options));
  const furnished = specs.map((spec) => furnish(spec, isolation, options));
  const made = await createHosts(furnished, isolation);
  return { isolation, named: made.hosts as Record<HostName, LabHost>, close: () => made.close() };
}

function specOf(
  name: HostName,
  network: LabNetwork,
  { paths, layout, database, bootDelayMs }: SiteHostsOptions,
): HostSpec & { readonly name: HostName } {
  const { host: address, port } = layout.ssh[name];
  return {
    ...{ name, address, port, network, bootDelayMs },
    directory: paths.disk(name),
    hostKey: paths.hostKey(name),
    volumes: name === 'backup' ? [{ mountPoint: '/backup', directory: paths.backupVolume }] : [],
    binds: [
      ...applicationBinds(),
      ...database.binds,
      ...Object.keys(database.programs((path) => path)).map((program) => ({
        from: join(paths.programs(name), program),
        to: `/lab/bin/${program}`,
      })),
    ],
  };
}

/** Puts the programs there that the host is to have, and names its services. */
function furnish(
  spec: HostSpec & { readonly name: HostName },
  isolation: Isolation,
  { paths, layout, database }: SiteHostsOptions,
): HostSpec {
  const programs = paths.programs(spec.name);
  for (const directory of [programs, spec.directory]) mkdirSync(directory, { recursive: true });
  const hostPath = (path: string): string =>
    isolation === 'directories' ? new DirectoryMachine(spec, []).hostPath(path) : path;
  database.prepare(hostPath);
  for (const [name, script] of Object.entries(database.programs(hostPath)))
    writeFileSync(join(programs, name), script, { mode: 0o755 });
  const command = commandOf(spec.name, layout, database, hostPath);
  return command
    ? { ...spec, services: [{ name: spec.name === 'db1' ? database.engine : 'bookface', command }] }
    : spec;
}

/** On a host that has taken the place of a lost one: its database is not started before there is data. */
export const AS_NEW = '/var/lib/lab-as-new';

/** What a host runs from its boot on. Nothing starts it again: a database that was stopped stays stopped. */
function commandOf(
  name: HostName,
  layout: Layout,
  database: LabDatabase,
  hostPath: (path: string) => string,
): string | undefined {
  const run = (service: Service) => `exec ${serviceCommand(service, hostPath).join(' ')}`;
  const listen = text(layout.web[name]);
  switch (name) {
    case 'balancer':
      return run({ service: 'balancer', listen, upstreams: [text(layout.web.www1), text(layout.web.www2)] });
    case 'www1':
    case 'www2':
      return run({ service: 'web-server', listen, name, database: text(layout.sql) });
    case 'www3':
      return run({ service: 'fallback-server', listen });
    case 'db1':
      return [
        database.configure(layout, hostPath),
        `[ -e ${hostPath(AS_NEW)} ] && [ -z "$(ls -A ${hostPath('/bfdata')})" ] && exit`,
        database.serve(layout, hostPath),
      ].join('\n');
    case 'backup':
    case 'manager':
      return undefined;
  }
}
