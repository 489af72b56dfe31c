import { type ActionRecord, type ServerRecord } from './state';
import { type Store } from './store';

/** The status nova makes of a server's state and task. */
export function statusOf({ vmState, taskState }: Pick<ServerRecord, 'vmState' | 'taskState'>): string {
  if (taskState === 'rebooting' || taskState === 'reboot_started') return 'REBOOT';
  if (taskState === 'rebooting_hard' || taskState === 'reboot_started_hard') return 'HARD_REBOOT';
  return { active: 'ACTIVE', stopped: 'SHUTOFF', error: 'ERROR' }[vmState];
}

/** Nova's number for whether the machine runs: 1 running, 4 shut down, 0 not known. */
export const powerStateOf = ({ vmState }: Pick<ServerRecord, 'vmState'>): number =>
  ({ active: 1, stopped: 4, error: 0 })[vmState];

/** The one flavor there is. */
export const FLAVOR = { name: 'm1.tiny', vcpus: 1, ram: 512, disk: 1 };

/** A time as nova writes it in most places: to the second. */
export const seconds = (iso: string): string => iso.replace(/\.\d+Z$/, 'Z');

/** A time as the services write it out of their database. */
export const databaseTime = (iso: string): string => iso.replace(/\.\d+Z$/, '.000000');

/** Servers as compute API 2.`version` tells of them, with links below `url`. */
export class ServerViews {
  constructor(
    private readonly store: Store,
    private readonly url: string,
  ) {}

  /** As a list without detail has it. */
  summary({ id, name }: ServerRecord): Record<string, unknown> {
    return { id, name, links: this.links('servers', id) };
  }

  /** @param only `server_groups` is told of a single server only */
  detail(server: ServerRecord, version: number, only: { single: boolean }): Record<string, unknown> {
    const { ids } = this.store.state;
    const status = statusOf(server);
    const hasHost = server.vmState !== 'error';
    return {
      ...this.summary(server),
      status,
      tenant_id: ids.project,
      user_id: ids.user,
      metadata: server.metadata,
      hostId: hasHost ? server.hostId : '',
      image: { id: ids.image, links: this.links('images', ids.image).slice(1) },
      flavor: version >= 47 ? embeddedFlavor() : { id: ids.flavor, links: this.links('flavors', ids.flavor).slice(1) },
      created: seconds(server.createdAt),
      updated: seconds(server.updatedAt),
      addresses: this.addresses(server, { extended: true }),
      accessIPv4: '',
      accessIPv6: '',
      'OS-DCF:diskConfig': 'MANUAL',
      ...(status === 'ACTIVE' && { progress: 0 }),
      ...(status === 'ERROR' &&
        server.fault && { fault: { code: 500, created: seconds(server.fault.at), message: server.fault.message } }),
      'OS-EXT-AZ:availability_zone': hasHost ? 'nova' : '',
      config_drive: '',
      key_name: 'lab-key',
      'OS-SRV-USG:launched_at': databaseTime(server.launchedAt),
      'OS-SRV-USG:terminated_at': null,
      security_groups: [{ name: 'default' }],
      'OS-EXT-STS:task_state': server.taskState,
      'OS-EXT-STS:vm_state': server.vmState,
      'OS-EXT-STS:power_state': powerStateOf(server),
      'os-extended-volumes:volumes_attached': this.store
        .volumesOf(server.id)
        .map(({ id }) => ({ id, ...(version >= 3 && { delete_on_termination: false }) })),
      ...(version >= 9 && { locked: server.locked }),
      ...(version >= 73 && { locked_reason: server.lockedReason }),
      ...(version >= 19 && { description: server.description }),
      ...(version >= 26 && { tags: [] }),
      ...(version >= 63 && { trusted_image_certificates: null }),
      ...(version >= 90 && { 'OS-EXT-SRV-ATTR:hostname': server.name }),
      ...(version >= 71 && only.single && { server_groups: [] }),
    };
  }

  /** Fixed and floating addresses, the floating ones as nova last heard of them. */
  addresses(server: ServerRecord, { extended }: { extended: boolean }): Record<string, unknown> {
    const view = (addr: string, type: string): Record<string, unknown> => ({
      version: 4,
      addr,
      ...(extended && { 'OS-EXT-IPS:type': type, 'OS-EXT-IPS-MAC:mac_addr': server.mac }),
    });
    const floating = this.store.state.floatingIps.filter(({ shownOn }) => shownOn === server.portId);
    return { private: [view(server.address, 'fixed'), ...floating.map(({ address }) => view(address, 'floating'))] };
  }

  flavor(): Record<string, unknown> {
    const { flavor } = this.store.state.ids;
    return {
      id: flavor,
      ...FLAVOR,
      swap: '',
      'OS-FLV-EXT-DATA:ephemeral': 0,
      'OS-FLV-DISABLED:disabled': false,
      'os-flavor-access:is_public': true,
      rxtx_factor: 1.0,
      links: this.links('flavors', flavor),
    };
  }

  /** An instance action; with its one event where the version shows it to the owner. */
  action(server: ServerRecord, action: ActionRecord, version: number, only: { single: boolean }): unknown {
    return {
      action: action.action,
      instance_uuid: server.id,
      request_id: action.requestId,
      user_id: this.store.state.ids.user,
      project_id: this.store.state.ids.project,
      start_time: databaseTime(action.startedAt),
      message: action.result === 'Error' ? 'Error' : null,
      ...(version >= 58 && { updated_at: databaseTime(action.finishedAt ?? action.startedAt) }),
      ...(version >= 51 &&
        only.single && {
          events: [
            {
              event: `compute_${action.action}_instance`,
              start_time: databaseTime(action.startedAt),
              finish_time: action.finishedAt && databaseTime(action.finishedAt),
              result: action.result,
              ...(version >= 62 && { hostId: server.hostId }),
              ...(version >= 84 && { details: null }),
            },
          ],
        }),
    };
  }

  private links(collection: string, id: string): { rel: string; href: string }[] {
    return [
      { rel: 'self', href: `${this.url}/v2.1/${collection}/${id}` },
      { rel: 'bookmark', href: `${this.url}/${collection}/${id}` },
    ];
  }
}

const embeddedFlavor = (): Record<string, unknown> => ({
  vcpus: FLAVOR.vcpus,
  ram: FLAVOR.ram,
  disk: FLAVOR.disk,
  ephemeral: 0,
  swap: 0,
  original_name: FLAVOR.name,
  extra_specs: {},
});
