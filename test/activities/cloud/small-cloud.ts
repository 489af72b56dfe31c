import { type Cloud, createCloud, type Hypervisor } from '../../../lab/cloud/cloud';
import { createOpenStack, type OpenStack } from '../../../activities/openstack';

export const floatingIp = '198.51.100.7';
/** The cloud that the environment describes. */
export const cloudName = 'envvars';

export interface SmallCloud {
  readonly cloud: Cloud;
  readonly openstack: OpenStack;
  /** The server that has the floating IP, as a visitor's packets find it. */
  at(): string | null;
  close(): Promise<void>;
}

/** The lab's cloud with three servers, and a client of it: `backup` is off, `www1` has the address. */
export async function startSmallCloud({ boot = async () => undefined }: Partial<Hypervisor> = {}): Promise<SmallCloud> {
  let at: string | null = 'www1';
  const server = (name: string, index: number) => ({ name, address: `10.0.0.${index}`, poweredOn: name !== 'backup' });
  const cloud = await createCloud({
    address: '127.0.0.1',
    ports: { identity: 0, compute: 0, network: 0, volume: 0 },
    project: 'site',
    user: 'runbook',
    password: 'secret',
    delays: { spawnMs: 10, powerMs: 10, apiMs: 0 },
    tokenLifetimeMs: 3_600_000,
    hypervisor: { boot, shutDown: async () => undefined, powerOff: async () => undefined },
    servers: ['www1', 'www3', 'backup'].map(server),
    floatingIps: [{ address: floatingIp, at: 'www1' }],
    volumes: [],
    onFloatingIpMoved: (_address, to) => (at = to),
  });
  const env = {
    OS_AUTH_URL: cloud.url,
    OS_USERNAME: 'runbook',
    OS_PASSWORD: 'secret',
    OS_PROJECT_NAME: 'site',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
  };
  const openstack = createOpenStack({ env, home: '/nowhere', cwd: '/nowhere' });
  return {
    cloud,
    openstack,
    at: () => at,
    async close() {
      await openstack.close();
      await cloud.close();
    },
  };
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<{ type?: string | null; message: string }> {
  try {
    await promise;
  } catch (error) {
    const { type, message } = error as { type?: string | null; message: string };
    return { type, message };
  }
  throw new Error('it did not fail');
}
