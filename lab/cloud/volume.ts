import { volumeVersionHeaders } from './microversion';
import { paged } from './paging';
import { novaEnvelope, Refusal } from './refusal';
import { databaseTime } from './server-view';
import { ok, param, type Answer, type Call, type Route, type Service } from './service';
import { type ServiceName, type VolumeRecord } from './state';
import { type Store } from './store';
import { type TokenCheck } from './tokens';

/** Cinder v3, for volumes that are there already: to be read. */
export function volume(store: Store, tokens: TokenCheck, urls: Readonly<Record<ServiceName, string>>): Service {
  const { ids, volumes } = store.state;

  const links = (id: string): { rel: string; href: string }[] => [
    { rel: 'self', href: `${urls.volume}/v3/${ids.project}/volumes/${id}` },
    { rel: 'bookmark', href: `${urls.volume}/${ids.project}/volumes/${id}` },
  ];

  const view = ({ id, name, sizeGb, attachment, createdAt, updatedAt }: VolumeRecord): Record<string, unknown> => ({
    id,
    status: attachment ? 'in-use' : 'available',
    size: sizeGb,
    availability_zone: 'nova',
    created_at: databaseTime(createdAt),
    updated_at: databaseTime(updatedAt),
    name,
    description: null,
    volume_type: '__DEFAULT__',
    snapshot_id: null,
    source_volid: null,
    metadata: {},
    links: links(id),
    user_id: ids.user,
    bootable: 'false',
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: false,
    attachments: attachment
      ? [
          {
            id,
            attachment_id: attachment.id,
            volume_id: id,
            server_id: attachment.serverId,
            host_name: null,
            device: attachment.device,
            attached_at: databaseTime(attachment.at),
          },
        ]
      : [],
    'os-vol-tenant-attr:tenant_id': ids.project,
  });

  /** The path names the project, and it has to be the token's. */
  function requireProject(call: Call): void {
    if (!call.token?.scoped || param(call, 'project') !== ids.project) throw new Refusal(400, 'Malformed request url');
  }

  function list(call: Call, told: (volume: VolumeRecord) => unknown): Answer {
    requireProject(call);
    const { query } = call;
    const wanted = volumes.filter(
      (each) =>
        (!query.has('name') || query.get('name') === each.name) &&
        (!query.has('status') || query.get('status') === view(each).status),
    );
    const page = paged(wanted, call, urls.volume);
    return ok({ volumes: page.items.map(told), ...(page.links && { volumes_links: page.links }) });
  }

  function show(call: Call): Answer {
    requireProject(call);
    const found = volumes.find(({ id }) => id === param(call, 'id'));
    if (!found) throw new Refusal(404, `Volume ${param(call, 'id')} could not be found.`);
    return ok({ volume: view(found) });
  }

  const version = {
    id: 'v3.0',
    status: 'CURRENT',
    version: '3.70',
    min_version: '3.0',
    updated: '2022-08-31T00:00:00Z',
    links: [
      { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
      { rel: 'self', href: `${urls.volume}/v3/` },
    ],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
  };
  const routes: Route[] = [
    { method: 'GET', path: '/', open: true, handle: () => ({ status: 300, body: { versions: [version] } }) },
    { method: 'GET', path: '/v3', open: true, handle: () => ok({ versions: [version] }) },
    {
      method: 'GET',
      path: '/v3/:project/volumes',
      handle: (call) => list(call, ({ id, name }) => ({ id, name, links: links(id) })),
    },
    { method: 'GET', path: '/v3/:project/volumes/detail', handle: (call) => list(call, view) },
    { method: 'GET', path: '/v3/:project/volumes/:id', handle: show },
  ];
  return {
    name: 'volume',
    routes,
    authenticate: (call) => tokens.admit(call.headers['x-auth-token']?.toString()),
    envelope: novaEnvelope,
    headers: volumeVersionHeaders,
    requestIdHeaders: ['X-OpenStack-Request-Id', 'X-Compute-Request-Id'],
    notFound: 'The resource could not be found.',
  };
}
