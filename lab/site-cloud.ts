import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Cloud, type CloudState, createCloud } from './cloud/cloud';
import { HOST_NAMES, type HostName, type Layout } from './layout';
import { ACCOUNT } from './operator-files';
import { type Paths } from './paths';
import { type LabSettings } from './settings';
import { type SiteHosts } from './site-hosts';

/** Everything is on from the beginning, but the backup server. */
const OFF_AT_FIRST: readonly HostName[] = ['backup'];

const TOKEN_LIFETIME_MS = 3_600_000;

export interface SiteCloudOptions {
  readonly paths: Paths;
  readonly layout: Layout;
  readonly settings: LabSettings;
  readonly hosts: SiteHosts;
  /** Called when the floating IP has moved to a server, or to none. */
  readonly onMoved: (server: HostName | null) => void;
}

/** Starts the cloud that the site's hosts are servers of, with what it remembers. */
export async function createSiteCloud({ paths, layout, settings, hosts, onMoved }: SiteCloudOptions): Promise<Cloud> {
  const hostOf = (server: string) => hosts.named[server as HostName];
  return createCloud({
    address: layout.identity.host,
    ports: {
      identity: layout.identity.port,
      compute: layout.compute.port,
      network: layout.network.port,
      volume: layout.volume.port,
    },
    ...ACCOUNT,
    delays: { spawnMs: settings.powerDelayMs, powerMs: settings.powerDelayMs, apiMs: settings.apiDelayMs },
    tokenLifetimeMs: TOKEN_LIFETIME_MS,
    servers: HOST_NAMES.map((name) => ({
      name,
      address: layout.ssh[name].host,
      poweredOn: !OFF_AT_FIRST.includes(name),
    })),
    floatingIps: [{ address: layout.public.host, at: 'balancer' }],
    volumes: [{ name: 'backup', attachedTo: 'backup', sizeGb: 10 }],
    hypervisor: {
      boot: (server) => hostOf(server).boot(),
      shutDown: (server) => hostOf(server).shutDown(),
      powerOff: (server) => hostOf(server).powerOff(),
    },
    onFloatingIpMoved: (_address, server) => onMoved(server as HostName | null),
    state: remembered(paths, layout),
    onStateChanged: (state) => {
      writeFileSync(`${paths.cloudState}.new`, JSON.stringify(state));
      renameSync(`${paths.cloudState}.new`, paths.cloudState);
    },
  });
}

/** The cloud as it was, at the addresses the lab has now. */
function remembered(paths: Paths, layout: Layout): CloudState | undefined {
  if (!existsSync(paths.cloudState)) return undefined;
  const state = JSON.parse(readFileSync(paths.cloudState, 'utf8')) as CloudState;
  for (const server of state.servers) server.address = layout.ssh[server.name as HostName].host;
  for (const floatingIp of state.floatingIps) floatingIp.address = layout.public.host;
  return state;
}
