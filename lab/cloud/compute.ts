import { type ApiFaults } from './faults';
import { type Machines } from './machines';
import { metadataRoutes } from './metadata';
import { computeVersion, computeVersionHeaders } from './microversion';
import { paged } from './paging';
import { novaEnvelope, Refusal } from './refusal';
import { serverAction } from './server-actions';
import { ServerViews, statusOf } from './server-view';
import { ok, param, type Answer, type Call, type Route, type Service } from './service';
import { type ServerRecord, type ServiceName } from './state';
import { type Store } from './store';
import { type TokenCheck } from './tokens';

/** Nova v2.1, microversions 2.1 to 2.93, for servers that are there already: nothing is created or deleted. */
export function compute(
  store: Store,
  machines: Machines,
  faults: ApiFaults,
  tokens: TokenCheck,
  urls: Readonly<Record<ServiceName, string>>,
): Service {
  const { ids } = store.state;
  const views = new ServerViews(store, urls.compute);

  function find(call: Call): ServerRecord {
    const id = param(call, 'id');
    const server = call.token?.scoped ? store.server(id) : undefined;
    if (!server) throw new Refusal(404, `Instance ${id} could not be found.`);
    return server;
  }

  /** What nova tells of a server's network it asks neutron for. */
  function askNeutron(): void {
    if (!faults.isDown('network')) return;
    throw new Refusal(
      500,
      'Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if ' +
        "possible.\n<class 'keystoneauth1.exceptions.connection.ConnectFailure'>",
    );
  }

  function list(call: Call, view: (server: ServerRecord) => unknown): Answer {
    if (call.query.has('all_tenants')) throw policy('servers:index:get_all_tenants');
    const mine = call.token?.scoped ? store.state.servers : [];
    const newestFirst = [...mine].reverse().filter(filter(call.query));
    const { items, links } = paged(newestFirst, call, urls.compute);
    return ok({ servers: items.map(view), ...(links && { servers_links: links }) });
  }

  function detailed(call: Call): Answer {
    askNeutron();
    const version = computeVersion(call);
    return list(call, (server) => views.detail(server, version, { single: false }));
  }

  function show(call: Call): Answer {
    const server = find(call);
    askNeutron();
    return ok({ server: views.detail(server, computeVersion(call), { single: true }) });
  }

  function interfaces(call: Call): Answer {
    const { portId, mac, address } = find(call);
    askNeutron();
    const fixed_ips = [{ subnet_id: ids.privateSubnet, ip_address: address }];
    const attachment = { net_id: ids.privateNetwork, port_id: portId, mac_addr: mac, port_state: 'ACTIVE', fixed_ips };
    return ok({ interfaceAttachments: [attachment] });
  }

  function volumes(call: Call): Answer {
    const serverId = find(call).id;
    const volumeAttachments = store
      .volumesOf(serverId)
      .map(({ id, attachment }) => ({ id, volumeId: id, serverId, device: attachment?.device }));
    return ok({ volumeAttachments });
  }

  function actions(call: Call): Answer {
    const server = find(call);
    const view = (action: ServerRecord['actions'][number]): unknown =>
      views.action(server, action, computeVersion(call), { single: false });
    return ok({ instanceActions: server.actions.map(view) });
  }

  function oneAction(call: Call): Answer {
    const server = find(call);
    const action = server.actions.find(({ requestId }) => requestId === param(call, 'request'));
    if (!action) {
      throw new Refusal(404, `Action for request_id ${param(call, 'request')} on instance ${server.id} not found`);
    }
    return ok({ instanceAction: views.action(server, action, computeVersion(call), { single: true }) });
  }

  function flavor(call: Call): Answer {
    if (param(call, 'id') !== ids.flavor) throw new Refusal(404, `Flavor ${param(call, 'id')} could not be found.`);
    return ok({ flavor: views.flavor() });
  }

  const v21 = {
    id: 'v2.1',
    status: 'CURRENT',
    version: '2.93',
    min_version: '2.1',
    updated: '2013-07-23T11:33:21Z',
    links: [{ rel: 'self', href: `${urls.compute}/v2.1/` }],
  };
  const described = {
    ...v21,
    links: [...v21.links, { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2.1' }],
  };
  const servers = '/v2.1/servers';
  const server = `${servers}/:id`;
  const routes: Route[] = [
    { method: 'GET', path: '/', open: true, handle: () => ok({ versions: [v21] }) },
    { method: 'GET', path: '/v2.1', open: true, handle: () => ok({ version: described }) },
    { method: 'GET', path: servers, handle: (call) => list(call, (each) => views.summary(each)) },
    { method: 'GET', path: `${servers}/detail`, handle: detailed },
    { method: 'GET', path: server, handle: show },
    { method: 'POST', path: `${server}/action`, handle: (call) => serverAction(call, store, machines) },
    {
      method: 'GET',
      path: `${server}/ips`,
      handle: (call) => ok({ addresses: views.addresses(find(call), { extended: false }) }),
    },
    { method: 'GET', path: `${server}/os-interface`, handle: interfaces },
    { method: 'GET', path: `${server}/os-volume_attachments`, handle: volumes },
    { method: 'GET', path: `${server}/os-instance-actions`, handle: actions },
    { method: 'GET', path: `${server}/os-instance-actions/:request`, handle: oneAction },
    ...metadataRoutes(`${server}/metadata`, find, store),
    { method: 'GET', path: '/v2.1/flavors', handle: () => ok({ flavors: [views.flavor()] }) },
    { method: 'GET', path: '/v2.1/flavors/detail', handle: () => ok({ flavors: [views.flavor()] }) },
    { method: 'GET', path: '/v2.1/flavors/:id', handle: flavor },
    {
      method: 'GET',
      path: '/v2.1/os-services',
      handle: () => {
        throw policy('os-services:list');
      },
    },
  ];
  return {
    name: 'compute',
    routes,
    authenticate: (call) => tokens.admit(call.headers['x-auth-token']?.toString()),
    envelope: novaEnvelope,
    headers: (call) => computeVersionHeaders(`2.${computeVersion(call)}`),
    requestIdHeaders: ['X-OpenStack-Request-Id', 'X-Compute-Request-Id'],
    notFound: 'The resource could not be found.',
  };
}

const policy = (rule: string): Refusal =>
  new Refusal(403, `Policy doesn't allow os_compute_api:${rule} to be performed.`);

/** `name` and `ip` are regular expressions, unanchored; an unknown status matches nothing. */
function filter(query: URLSearchParams): (server: ServerRecord) => boolean {
  const name = pattern(query, 'name');
  const ip = pattern(query, 'ip');
  const statuses = query.getAll('status').map((status) => status.toUpperCase());
  return (server) =>
    name.test(server.name) && ip.test(server.address) && (statuses.length === 0 || statuses.includes(statusOf(server)));
}

function pattern(query: URLSearchParams, key: string): RegExp {
  const value = query.get(key) ?? '';
  try {
    return new RegExp(value);
  } catch {
    throw new Refusal(400, `Invalid input for query parameters ${key}. Value: ${value}. '${value}' is not a 'regex'`);
  }
}
