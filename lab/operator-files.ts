import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { TITLES } from './application/pages';
import { type LabDatabase } from './database/database';
import { HOST_NAMES, type Layout, text } from './layout';
import { type Paths } from './paths';
import { type SiteHosts } from './site-hosts';

/** The account of the lab's cloud. */
export const ACCOUNT = { project: 'bookface', user: 'operator', password: 'lab-password' } as const;

export interface OperatorFilesOptions {
  readonly paths: Paths;
  readonly layout: Layout;
  readonly hosts: SiteHosts;
  readonly database: LabDatabase;
  readonly cloudUrl: string;
  readonly notificationsUrl: string;
}

/** Writes what an operator of this site would have: site file, cloud account, host keys, and where they are. */
export function writeOperatorFiles(options: OperatorFilesOptions): void {
  const { paths, layout, hosts, cloudUrl } = options;
  mkdirSync(paths.sites, { recursive: true });
  writeFileSync(join(paths.sites, 'lab.yaml'), siteFile(options));
  writeFileSync(paths.clouds, cloudsFile(cloudUrl), { mode: 0o600 });
  writeFileSync(
    paths.knownHosts,
    HOST_NAMES.map((name) => {
      const { host, port } = layout.ssh[name];
      return `[${host}]:${port} ${hosts.named[name].hostPublicKey()}\n`;
    }).join(''),
  );
  const env = {
    TEMPORAL_ADDRESS: text(layout.temporal),
    TEMPORAL_NAMESPACE: 'default',
    OS_CLIENT_CONFIG_FILE: paths.clouds,
    RUNBOOK_KNOWN_HOSTS: paths.knownHosts,
    RUNBOOK_SSH_KEY: paths.key,
    RUNBOOK_SITES: paths.sites,
  };
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(
    paths.env,
    `# Where the lab is. Ignored as a whole if one of these is set otherwise.\n${lines.join('')}`,
  );
}

function siteFile({ layout, hosts, database, notificationsUrl }: OperatorFilesOptions): string {
  const host = (name: (typeof HOST_NAMES)[number]) => {
    const { host: address, port } = layout.ssh[name];
    return { address, port, user: 'root', server: name };
  };
  const { backup, db1 } = hosts.named;
  const document = {
    hosts: Object.fromEntries(HOST_NAMES.map((name) => [name, host(name)])),
    cloud: 'lab',
    production: {
      url: `http://${text(layout.public)}/`,
      floatingIp: layout.public.host,
      up: {
        server: 'balancer',
        status: 200,
        title: TITLES.production,
        check: `http://${text(layout.web.balancer)}/`,
      },
      down: { server: 'www3', status: 503, title: TITLES.fallback, check: `http://${text(layout.web.www3)}/` },
    },
    database: database.siteFile(layout, (path) => db1.hostPath(path)),
    backup: {
      host: 'backup',
      volume: backup.hostPath('/backup'),
      directory: backup.hostPath('/backup/bookface'),
    },
    limits: { bootSeconds: 20, databaseStopSeconds: 8, maxDowntimeSeconds: 600 },
    notify: [{ webhook: notificationsUrl }],
  };
  return `# The lab's site, written anew each time the lab comes up.\n${stringify(document)}`;
}

function cloudsFile(url: string): string {
  const auth = {
    auth_url: url,
    username: ACCOUNT.user,
    password: ACCOUNT.password,
    project_name: ACCOUNT.project,
    user_domain_name: 'Default',
    project_domain_name: 'Default',
  };
  return stringify({ clouds: { lab: { auth, region_name: 'RegionOne', identity_api_version: 3 } } });
}
