import { type ApplicationCredential } from '../../../lab/cloud/state';
import { type CloudOptions } from '../../../lab/cloud/cloud';
import { RECORDED, type Parts, type RunningCloud } from './recorded-cloud';

/** What is sent instead of the recording's place holders. */
export interface Sent {
  token: string;
  subject: string;
}

/** How to bring the simulator into the state the recorded cloud was in. */
export interface Case {
  state?: (parts: Parts) => void;
  options?: Partial<CloudOptions>;
  before?: (running: RunningCloud, sent: Sent) => Promise<Partial<Sent> | void>;
  /** The part of the recorded body the simulator has to match. */
  part?: (recorded: unknown) => unknown;
  /** Paths of the answer's body that are not compared, each with its reason where it is given. */
  except?: readonly string[];
}

const AS_IT_IS: Case = {};
const credential: ApplicationCredential = { id: RECORDED.credential, name: 'runbook-1795244859', secret: 'SECRET' };
const withCredential: Case = { state: ({ state }) => state.credentials.push(credential) };

const action =
  (body: unknown): Case['before'] =>
  async ({ send }, { token }) => {
    const url = `http://127.0.0.1:8774/v2.1/servers/${RECORDED.serverA}/action`;
    const { status } = await send('POST', url, { 'X-Auth-Token': token }, body);
    if (status !== 202) throw new Error(`${JSON.stringify(body)} was answered ${status}`);
  };
/** A hypervisor that takes its time, so that a task stays under way. */
const slow: Partial<CloudOptions> = { delays: { spawnMs: 600_000, powerMs: 600_000, apiMs: 0 } };
const stopping: Case = { options: slow, before: action({ 'os-stop': null }) };
const frozen: Case = {
  options: {
    hypervisor: {
      boot: () => new Promise(() => undefined),
      shutDown: () => new Promise(() => undefined),
      powerOff: () => new Promise(() => undefined),
    },
  },
};
const stopped: Case = { state: ({ a }) => (a.vmState = 'stopped') };
const locked: Case = { state: ({ a }) => (a.locked = true) };

const login = async ({ logIn, send }: RunningCloud, credentialId: string): Promise<string> => {
  await logIn();
  const identity = {
    methods: ['application_credential'],
    application_credential: { id: credentialId, secret: 'SECRET' },
  };
  const { headers } = await send('POST', 'http://127.0.0.1:5000/v3/auth/tokens', {}, { auth: { identity } });
  return headers.get('x-subject-token') ?? '';
};
const expired: Case = {
  before: async ({ cloud }) => {
    cloud.expireTokens();
  },
};
const badToken: Case = { before: async () => ({ token: 'gAAAAA-nobody-knows-it' }) };
const seenByNova = async ({ send }: RunningCloud, token: string): Promise<void> => {
  await send('GET', 'http://127.0.0.1:8774/v2.1/servers', { 'X-Auth-Token': token });
};
const revoke = async ({ send }: RunningCloud, token: string): Promise<void> => {
  await send('DELETE', 'http://127.0.0.1:5000/v3/auth/tokens', { 'X-Auth-Token': token, 'X-Subject-Token': token });
};
const down = (service: 'identity' | 'network'): Case => ({
  before: async ({ cloud }) => cloud.api(service, { status: 503 }),
});

const inError: Case = {
  state: ({ a, state }) => {
    a.id = '6113345c-a1f1-4dc8-a2b8-d62f1f093694';
    a.name = 'rec-fail';
    a.metadata = {};
    a.vmState = 'error';
    const message = `Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ${a.id}.`;
    a.fault = { message, at: state.createdAt };
  },
  // The recorded server had never been built: it had no network, no launch and no key yet.
  except: ['.server.addresses', '.server.security_groups', '.server.OS-SRV-USG:launched_at', '.server.key_name'],
};
const performed = (actions: string[], result: 'Success' | 'Error' = 'Success'): Case => ({
  state: ({ a, state: { createdAt: at } }) => {
    a.actions = actions.map((name, index) => ({
      action: name as 'start',
      requestId: index === 0 ? 'req-838db2f0-cbcd-4bea-801f-46eae2f3dc09' : `req-${index}`,
      startedAt: at,
      finishedAt: at,
      result: index === 0 ? result : 'Success',
    }));
  },
});
const HISTORY = [
  ...['resume', 'suspend', 'unpause', 'pause', 'unlock', 'lock', 'unlock', 'lock', 'reboot', 'reboot', 'start', 'stop'],
  'create',
];
const byAdmin = (...at: number[]): string[] => at.map((index) => `.instanceActions[${index}].project_id`);

const onA: Case = {
  state: ({ floatingIp, a }) => Object.assign(floatingIp, { portId: a.portId, shownOn: a.portId, status: 'ACTIVE' }),
};
const onB: Case = {
  state: ({ floatingIp, b }) => Object.assign(floatingIp, { portId: b.portId, shownOn: b.portId, status: 'ACTIVE' }),
};
const attached: Case = {
  state: (parts) => {
    onA.state?.(parts);
    parts.floatingIp.address = '203.0.113.77';
    parts.a.metadata = { role: 'web', drill: 'failover' };
    parts.volume.attachment = {
      id: 'acdfa518-78e4-4465-8bf1-0914e4142056',
      serverId: parts.a.id,
      device: '/dev/sdb',
      at: parts.state.createdAt,
    };
  },
};
/** Late in the recordings: a floating IP, another metadata, no volume. */
const later = (given: Case): Case => ({
  ...given,
  state: (parts) => {
    attached.state?.(parts);
    parts.volume.attachment = null;
    given.state?.(parts);
  },
});
/** The recorded networks belong to an administrator's project and differ in size. */
const NETWORKS = { except: ['.networks[0].tenant_id', '.networks[0].project_id'] };
/** The lab's console tells its own story. */
const console: Case = {
  state: ({ a }) => (a.console = ['[ 3421.397770] Linux version', '[ 3421.397822] rec-a login: ']),
};

/** Every recorded call the simulator answers like the real cloud, and the state it has to be in for that. */
export const COVERED: Record<string, Case> = {
  '001-keystone-versions': AS_IT_IS,
  '002-keystone-v3': AS_IT_IS,
  '003-auth-password-project': AS_IT_IS,
  '004-auth-wrong-password': AS_IT_IS,
  '005-auth-unknown-user': AS_IT_IS,
  '006-auth-unknown-project': AS_IT_IS,
  '007-auth-project-without-role': AS_IT_IS,
  '008-auth-malformed': AS_IT_IS,
  '009-auth-not-json': AS_IT_IS,
  '010-auth-default-scope': AS_IT_IS,
  '011-auth-unscoped': AS_IT_IS,
  '012-nova-with-unscoped-token': { before: async ({ logIn }) => ({ token: await logIn('unscoped') }) },
  '013-token-validate': AS_IT_IS,
  '014-auth-catalog': AS_IT_IS,
  '015-auth-projects': AS_IT_IS,
  '016-appcred-create': { except: ['.application_credential.id'] },
  '017-auth-appcred': withCredential,
  '018-nova-with-appcred-token': {
    state: ({ state }) => {
      state.credentials.push(credential);
      state.servers = [];
    },
    before: async (running) => ({ token: await login(running, RECORDED.credential) }),
  },
  '019-auth-appcred-wrong-secret': withCredential,
  '020-auth-appcred-with-scope': withCredential,
  '021-appcred-delete': withCredential,
  '022-auth-appcred-deleted': AS_IT_IS,
  '023-keystone-no-token': AS_IT_IS,
  '024-keystone-member-forbidden': AS_IT_IS,
  '025-nova-no-token': AS_IT_IS,
  '026-nova-bad-token': badToken,
  '027-neutron-no-token': AS_IT_IS,
  '028-neutron-bad-token': badToken,
  '031-cinder-no-token': AS_IT_IS,
  '032-cinder-bad-token': badToken,
  '035-auth-short-lived': { options: { tokenLifetimeMs: 5_000 } },
  '036-nova-short-token-fresh': { state: ({ state }) => (state.servers = []) },
  '037-nova-expired-token': expired,
  '038-neutron-expired-token': expired,
  '039-keystone-expired-token': expired,
  '040-token-revoke': {
    ...withCredential,
    before: async (running, { token }) => {
      const own = await login(running, RECORDED.credential);
      const url = `http://127.0.0.1:5000/v3/users/me/application_credentials/${RECORDED.credential}`;
      await running.send('DELETE', url, { 'X-Auth-Token': token });
      return { token: own, subject: own };
    },
  },
  '041-auth-second': AS_IT_IS,
  '042-nova-second-token': { state: ({ state }) => (state.servers = []) },
  '043-token-revoke-second': AS_IT_IS,
  '044-nova-revoked-token-cached': {
    state: ({ state }) => (state.servers = []),
    before: async (running, { token }) => {
      await seenByNova(running, token);
      await revoke(running, token);
    },
  },
  '045-neutron-revoked-token-unseen': {
    before: async (running, { token }) => {
      await seenByNova(running, token);
      await revoke(running, token);
    },
  },
  // v2.0 of nova, long deprecated, is not offered.
  '047-nova-versions': { part: (body) => ({ versions: (body as { versions: unknown[] }).versions.slice(1) }) },
  '048-nova-v21': AS_IT_IS,
  '049-neutron-versions': AS_IT_IS,
  '051-cinder-versions': AS_IT_IS,
  // The recorded cloud had a second flavor.
  '053-flavors-detail': { part: (body) => ({ flavors: (body as { flavors: unknown[] }).flavors.slice(1) }) },
  '055-networks': NETWORKS,
  '056-networks-by-name-fields': AS_IT_IS,
  '057-networks-external': NETWORKS,
  // Ids that nothing here refers to.
  '058-subnets': { except: ['.subnets[0].id', '.subnets[0].network_id'] },
  '059-routers': { except: ['.routers[0].external_gateway_info.external_fixed_ips'] },
  '072-server-get-active-2.1': AS_IT_IS,
  '073-server-get-active-2.79': AS_IT_IS,
  '074-server-get-active-2.79-new-header': AS_IT_IS,
  '075-server-get-latest': AS_IT_IS,
  '076-microversion-too-new': AS_IT_IS,
  '077-microversion-malformed': AS_IT_IS,
  '083-servers-list-empty': AS_IT_IS,
  '086-servers-list': AS_IT_IS,
  '087-servers-detail': { state: ({ b }) => (b.metadata = {}), except: ['.servers[0].key_name'] },
  '088-servers-by-name': AS_IT_IS,
  '089-servers-page': AS_IT_IS,
  '090-servers-page-2': AS_IT_IS,
  '091-servers-by-status': AS_IT_IS,
  '092-servers-bad-status': AS_IT_IS,
  '093-servers-bad-marker': AS_IT_IS,
  '094-server-missing': AS_IT_IS,
  '095-server-not-a-uuid': AS_IT_IS,
  '096-server-start-already-active': AS_IT_IS,
  '097-server-stop': AS_IT_IS,
  '098-server-get-stopping': stopping,
  '099-server-stop-while-stopping': stopping,
  '100-server-start-while-stopping': stopping,
  '101-server-reboot-while-stopping': stopping,
  '102-server-get-shutoff': stopped,
  '103-server-stop-already-stopped': stopped,
  '104-server-soft-reboot-stopped': stopped,
  '105-server-console-stopped': stopped,
  '107-server-start': stopped,
  '108-server-get-starting': { ...stopped, options: slow, before: action({ 'os-start': null }) },
  '109-server-soft-reboot': AS_IT_IS,
  '110-server-hard-reboot': AS_IT_IS,
  '111-server-reboot-bad-type': AS_IT_IS,
  '112-server-unknown-action': AS_IT_IS,
  '113-server-empty-action': AS_IT_IS,
  '114-server-action-missing-server': AS_IT_IS,
  '115-server-console': console,
  '116-server-console-tail': console,
  '117-server-console-zero': console,
  '118-server-console-bad-length': AS_IT_IS,
  '120-server-lock': AS_IT_IS,
  '121-server-stop-locked': locked,
  '122-server-get-locked-2.9': locked,
  '123-server-unlock': locked,
  '125-server-start-admin-locked': locked,
  // An administrator had locked and unlocked it, from another project.
  '132-instance-actions': { ...performed(HISTORY), except: byAdmin(4, 5) },
  '133-instance-action': performed(HISTORY),
  '134-server-metadata': AS_IT_IS,
  '135-server-metadata-set': AS_IT_IS,
  '138-server-addresses': AS_IT_IS,
  '140-server-interfaces': AS_IT_IS,
  '155-server-get-error': inError,
  '156-server-stop-error': inError,
  '157-server-start-error': inError,
  '159-server-stop-will-fail': { before: async ({ cloud }) => cloud.stopFails('rec-a') },
  '160-server-get-after-failed-stop': { state: ({ a }) => (a.metadata = { role: 'web', drill: 'failover' }) },
  '161-instance-actions-after-failed-stop': { ...performed(['stop', ...HISTORY], 'Error'), except: byAdmin(5, 6) },
  '162-ports-of-server-a': AS_IT_IS,
  '163-ports-of-server-b': AS_IT_IS,
  '164-port-get': AS_IT_IS,
  '166-fip-associate': AS_IT_IS,
  '167-fip-get-active': onA,
  '168-server-get-with-fip': {
    state: (parts) => (onA.state?.(parts), (parts.a.metadata = { role: 'web', drill: 'failover' })),
  },
  '169-fip-by-address': onA,
  '170-fips-by-port': onA,
  '171-fip-associate-again-same-port': onA,
  '172-fip-move-to-b': onA,
  '174-fip-associate-port-taken': onB,
  '175-fip-associate-missing-port': AS_IT_IS,
  '176-fip-missing': AS_IT_IS,
  '191-network-get-deleted': AS_IT_IS,
  '194-fip-disassociate': onB,
  '195-fip-get-down': AS_IT_IS,
  '226-volume-get-available': AS_IT_IS,
  '228-volume-get-in-use': attached,
  '229-volume-attachments': attached,
  '230-server-get-with-volume': attached,
  '236-volume-missing': AS_IT_IS,
  '239-volumes-detail': AS_IT_IS,
  '247-services-member': AS_IT_IS,
  '250-servers-all-tenants-member': AS_IT_IS,
  '251-outage-compute-frozen-stop': frozen,
  '252-outage-compute-frozen-get': later({ ...frozen, before: action({ 'os-stop': null }) }),
  '256-outage-compute-down-stop-b': frozen,
  '257-outage-compute-down-get': later({ ...frozen, before: action({ 'os-stop': null }) }),
  '258-outage-token-fresh': AS_IT_IS,
  '259-outage-keystone-down-cached-token': later({
    ...stopped,
    before: async (running, { token }) => {
      await seenByNova(running, token);
      running.cloud.api('identity', { status: 503 });
    },
  }),
  '260-outage-keystone-down-new-token': down('identity'),
  '261-outage-keystone-down-neutron': down('identity'),
  '263-outage-keystone-down-cinder': down('identity'),
  '264-outage-neutron-down-get': down('network'),
  '266-outage-neutron-down-interfaces': down('network'),
  '268-outage-over': AS_IT_IS,
  '273-server-get-deleted': { state: ({ state }) => state.servers.shift() },
  '275-fip-after-server-deleted': {
    state: ({ floatingIp }) =>
      Object.assign(floatingIp, {
        id: '67d3de3f-a416-46c9-b5b1-6b25a68197de',
        address: '203.0.113.77',
        description: '',
      }),
  },
};
