import { createCloud, type Cloud, type CloudOptions, type CloudState, type Hypervisor } from '../../../lab/cloud/cloud';
import { initialState, type FloatingIpRecord, type ServerRecord, type VolumeRecord } from '../../../lab/cloud/state';

/** The ids the recordings speak of. */
export const RECORDED = {
  serverA: 'b9fc71ee-2233-4349-8b72-794b0ca7ad50',
  serverB: 'f8463b74-06af-4ba2-8f8f-d53632e6ec3e',
  portA: '64fb9b01-0f69-4661-814d-337da3689f6c',
  portB: '155b5a3b-7d25-4d90-86c5-632cefa02bcf',
  floatingIp: 'b770a2d9-46c3-4f69-a447-ef1607f80e13',
  secondFloatingIp: 'da94c03c-939e-4efb-a34c-eee2304955d8',
  volume: '9461d5ac-48ce-4772-b9af-0f8fe3aa0bbe',
  credential: '31e1ba4a104248ee8591fe4d128c32cb',
};

export const PASSWORD = 'oslab-runbook';

const QUIET: Hypervisor = {
  boot: () => Promise.resolve(),
  shutDown: () => Promise.resolve(),
  powerOff: () => Promise.resolve(),
};

const options: CloudOptions = {
  address: '127.0.0.1',
  ports: { identity: 0, compute: 0, network: 0, volume: 0 },
  project: 'runbook',
  user: 'runbook',
  password: PASSWORD,
  servers: [
    { name: 'rec-a', address: '10.20.0.43', poweredOn: true },
    { name: 'rec-b', address: '10.20.0.237', poweredOn: true },
  ],
  floatingIps: [
    { address: '203.0.113.177', at: 'rec-a' },
    { address: '203.0.113.139', at: 'rec-a' },
  ],
  volumes: [{ name: 'rec-vol', attachedTo: 'rec-a', sizeGb: 1 }],
  delays: { spawnMs: 1, powerMs: 1, apiMs: 0 },
  tokenLifetimeMs: 3_600_000,
  hypervisor: QUIET,
  onFloatingIpMoved: () => undefined,
};

/** The parts of the recorded cloud's state a test may want to set before it starts. */
export interface Parts {
  state: CloudState;
  a: ServerRecord;
  b: ServerRecord;
  floatingIp: FloatingIpRecord;
  secondFloatingIp: FloatingIpRecord;
  volume: VolumeRecord;
}

/** The recorded cloud with its ids: two servers ACTIVE, two floating IPs nowhere, a volume attached to nothing. */
export function recordedState(prepare: (parts: Parts) => void = () => undefined): CloudState {
  const state = initialState(options);
  state.ids = {
    project: 'a93b93a9271d44518771fb7f471cadad',
    user: '9e3c6d2484d74a5680c0b4f861e621f7',
    flavor: 'd324b684-e43f-4030-a2b8-fec99b45168e',
    image: 'c44afdd1-fbc0-4f5c-80f4-32c1568dd98c',
    router: 'ce01f3ba-ff42-4695-90f2-671fb1d6007d',
    securityGroup: 'fb43595b-3ef6-4b1b-b8d7-d7f811f207d2',
    publicNetwork: '96e52c2f-a9e2-4051-a702-8e13789f04a2',
    publicSubnet: '7a152e42-f9bc-465f-9c0c-4bea59e22f49',
    privateNetwork: 'e53bf9ea-94c4-4158-ad33-6c6c35c39000',
    privateSubnet: '241404fd-402e-4575-98a3-e69268510a67',
  };
  const [a, b] = state.servers;
  const [floatingIp, secondFloatingIp] = state.floatingIps;
  const [volume] = state.volumes;
  if (!a || !b || !floatingIp || !secondFloatingIp || !volume) throw new Error('the inventory lacks something');
  Object.assign(a, {
    id: RECORDED.serverA,
    portId: RECORDED.portA,
    mac: 'fa:16:3e:0a:f7:60',
    metadata: { role: 'web' },
  });
  Object.assign(b, { id: RECORDED.serverB, portId: RECORDED.portB, mac: 'fa:16:3e:0b:cd:24' });
  const nowhere = { portId: null, shownOn: null, status: 'DOWN' as const };
  Object.assign(floatingIp, { id: RECORDED.floatingIp, description: 'runbook drill', ...nowhere });
  Object.assign(secondFloatingIp, { id: RECORDED.secondFloatingIp, ...nowhere });
  Object.assign(volume, { id: RECORDED.volume, attachment: null });
  prepare({ state, a, b, floatingIp, secondFloatingIp, volume });
  return state;
}

/** An answer, its body parsed if it is JSON. */
export interface Reply {
  status: number;
  headers: Headers;
  body: unknown;
}

/** A cloud and a client of it. */
export interface RunningCloud {
  cloud: Cloud;
  /** By the port the recorded cloud had the service on. */
  urls: Record<string, string>;
  logIn: (scope?: 'project' | 'unscoped') => Promise<string>;
  /** `url` is as recorded: `http://127.0.0.1:8774/...` finds the compute service. */
  send: (method: string, url: string, headers: Record<string, string>, body?: unknown) => Promise<Reply>;
}

/** Starts the recorded cloud, in the given state. */
export async function startCloud(given: Partial<CloudOptions> = {}): Promise<RunningCloud> {
  const cloud = await createCloud({ ...options, state: recordedState(), ...given });
  const identity = cloud.url.replace('/v3', '');
  const urls: Record<string, string> = { 5000: identity, 35357: identity };

  const send: RunningCloud['send'] = async (method, url, headers, body) => {
    const target = url.replace(/^http:\/\/127\.0\.0\.1:(\d+)/, (_, port: string) => urls[port] ?? 'no such service');
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(target, {
      method,
      headers,
      ...(body !== undefined && body !== null && { body: text }),
    });
    const answer = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && answer ? JSON.parse(answer) : answer || null,
    };
  };
  const logIn: RunningCloud['logIn'] = async (scope = 'project') => {
    const user = { name: 'runbook', domain: { name: 'Default' }, password: PASSWORD };
    const project = { project: { name: 'runbook', domain: { name: 'Default' } } };
    const body = {
      auth: { identity: { methods: ['password'], password: { user } }, scope: scope === 'unscoped' ? scope : project },
    };
    const { headers, body: answer } = await send('POST', 'http://127.0.0.1:5000/v3/auth/tokens', {}, body);
    const { token } = answer as { token: { catalog?: { name: string; endpoints: { url: string }[] }[] } };
    for (const { name, endpoints } of token.catalog ?? []) {
      const port = { nova: '8774', neutron: '9696', cinderv3: '8776' }[name];
      if (port) urls[port] = new URL(endpoints[0]?.url ?? '').origin;
    }
    return headers.get('x-subject-token') ?? '';
  };
  await logIn();
  return { cloud, urls, logIn, send };
}
