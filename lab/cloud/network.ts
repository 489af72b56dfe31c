import { type FloatingIpChange, type FloatingIps } from './floating-ips';
import { collection, collectionRoutes, type Collection, type Resource } from './collections';
import { neutronEnvelope, Refusal } from './refusal';
import { seconds } from './server-view';
import { asObject, jsonBody, ok, param, type Answer, type Call, type Route, type Service } from './service';
import { type FloatingIpRecord, type ServerRecord, type ServiceName } from './state';
import { type Store } from './store';
import { type TokenCheck } from './tokens';

/** Neutron v2.0: one private and one public network, a port for each server, and floating IPs that move. */
export function network(
  store: Store,
  floatingIps: FloatingIps,
  tokens: TokenCheck,
  urls: Readonly<Record<ServiceName, string>>,
): Service {
  const { ids, servers, createdAt } = store.state;
  const mine = { tenant_id: ids.project, project_id: ids.project, description: '', tags: [] };
  const born = { created_at: seconds(createdAt), updated_at: seconds(createdAt), revision_number: 2 };
  const [first = 10, second = 0] = (servers[0]?.address ?? '').split('.').map(Number);
  const prefix = `${first}.${second}`;

  const networkView = (id: string, name: string, subnet: string, external: boolean): Resource => ({
    id,
    name,
    ...mine,
    ...born,
    admin_state_up: true,
    mtu: 1500,
    status: 'ACTIVE',
    subnets: [subnet],
    shared: false,
    availability_zone_hints: [],
    availability_zones: [],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    'router:external': external,
    port_security_enabled: true,
    ...(external && { is_default: false }),
  });
  const networks = [
    networkView(ids.publicNetwork, 'public', ids.publicSubnet, true),
    networkView(ids.privateNetwork, 'private', ids.privateSubnet, false),
  ];

  const subnets = [
    {
      id: ids.privateSubnet,
      name: 'private-subnet',
      ...mine,
      ...born,
      network_id: ids.privateNetwork,
      ip_version: 4,
      subnetpool_id: null,
      enable_dhcp: false,
      ipv6_ra_mode: null,
      ipv6_address_mode: null,
      gateway_ip: `${prefix}.0.1`,
      cidr: `${prefix}.0.0/16`,
      allocation_pools: [{ start: `${prefix}.0.2`, end: `${prefix}.255.254` }],
      host_routes: [],
      dns_nameservers: [],
      service_types: [],
    },
  ];

  const routers = [
    {
      id: ids.router,
      name: 'router1',
      ...mine,
      ...born,
      admin_state_up: true,
      status: 'ACTIVE',
      external_gateway_info: { network_id: ids.publicNetwork, external_fixed_ips: [], enable_snat: true },
      availability_zones: ['nova'],
      availability_zone_hints: [],
      routes: [],
      flavor_id: null,
    },
  ];

  const portDetails = ({ id, mac }: ServerRecord): Record<string, unknown> => ({
    name: '',
    network_id: ids.privateNetwork,
    mac_address: mac,
    admin_state_up: true,
    status: 'ACTIVE',
    device_id: id,
    device_owner: 'compute:nova',
  });

  const port = (server: ServerRecord): Resource => ({
    id: server.portId,
    ...mine,
    ...born,
    ...portDetails(server),
    fixed_ips: [{ subnet_id: ids.privateSubnet, ip_address: server.address }],
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    security_groups: [ids.securityGroup],
    'binding:vnic_type': 'normal',
    port_security_enabled: true,
  });

  function floatingIp(fip: FloatingIpRecord): Resource {
    const server = store.serverOfPort(fip.portId);
    return {
      id: fip.id,
      ...mine,
      floating_ip_address: fip.address,
      floating_network_id: ids.publicNetwork,
      router_id: server ? ids.router : null,
      port_id: fip.portId,
      fixed_ip_address: server?.address ?? null,
      status: fip.status,
      description: fip.description,
      port_details: server ? portDetails(server) : null,
      created_at: seconds(fip.createdAt),
      updated_at: seconds(fip.updatedAt),
      revision_number: fip.revision,
    };
  }

  const collections: Collection[] = [
    collection('network', 'NetworkNotFound', 'Network', () => networks),
    collection('subnet', 'SubnetNotFound', 'Subnet', () => subnets),
    collection('router', 'RouterNotFound', 'Router', () => routers, ''),
    collection('port', 'PortNotFound', 'Port', () => servers.map(port)),
    collection('floatingip', 'FloatingIPNotFound', 'Floating IP', () => store.state.floatingIps.map(floatingIp), ''),
  ];

  function updateFloatingIp(call: Call): Answer {
    const fip = store.state.floatingIps.find(({ id }) => id === param(call, 'id'));
    if (!fip || !call.token?.scoped) {
      throw new Refusal(404, `Floating IP ${param(call, 'id')} could not be found`, { type: 'FloatingIPNotFound' });
    }
    requireRevision(call, fip.revision);
    floatingIps.update(fip, floatingIpChange(call, floatingIp(fip)));
    return ok({ floatingip: floatingIp(fip) });
  }

  const v2 = { id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${urls.network}/v2.0/` }] };
  const routes: Route[] = [
    { method: 'GET', path: '/', open: true, handle: () => ok({ versions: [v2] }) },
    ...collections.flatMap(collectionRoutes),
    { method: 'PUT', path: '/v2.0/floatingips/:id', handle: updateFloatingIp },
  ];
  return {
    name: 'network',
    routes,
    authenticate: (call) => tokens.admit(call.headers['x-auth-token']?.toString()),
    envelope: neutronEnvelope,
    headers: () => ({}),
    requestIdHeaders: ['X-OpenStack-Request-Id'],
    notFound: 'The resource could not be found.',
  };
}

/** `If-Match: revision_number=4` makes a change conditional. */
function requireRevision(call: Call, revision: number): void {
  const expected = /revision_number=(\d+)/.exec(call.headers['if-match'] ?? '')?.[1];
  if (expected === undefined || Number(expected) === revision) return;
  const message = `Constrained to ${expected}, but current revision is ${revision}`;
  throw new Refusal(412, message, { type: 'RevisionNumberConstraintFailed' });
}

/** An absent `port_id` leaves the address where it is. */
function floatingIpChange(call: Call, current: Resource): FloatingIpChange {
  const given = jsonBody(call, 'Request body is not valid JSON').floatingip;
  const { port_id, description, ...others } = asObject(given);
  const names = Object.keys(others).filter((name) => name !== 'fixed_ip_address');
  const unknown = names.filter((name) => !(name in current));
  if (unknown.length > 0) {
    throw new Refusal(400, `Unrecognized attribute(s) '${unknown.join("', '")}'`);
  }
  if (names.length > 0) throw new Refusal(400, `Cannot update read-only attribute ${names[0]}`);
  if (port_id !== undefined && port_id !== null && typeof port_id !== 'string') {
    const shown = JSON.stringify(port_id);
    throw new Refusal(400, `Invalid input for port_id. Reason: '${shown}' is not a valid UUID.`);
  }
  return {
    ...(port_id !== undefined && { port_id }),
    ...(typeof description === 'string' && { description }),
  };
}
