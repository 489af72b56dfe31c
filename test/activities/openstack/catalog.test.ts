import { type Catalog, endpointOf, resolveEndpoints } from '../../../activities/openstack/catalog';
import { type CloudConfig } from '../../../activities/openstack/clouds';
import { failureOf, recorded } from './replay-cloud';

const { catalog } = recorded('auth-catalog').body as { catalog: Catalog };
const endpoint = (type: string, url: string, more: object = {}) => ({
  type,
  endpoints: [{ interface: 'public', region: 'r1', region_id: 'r1', url, ...more }],
});
const publicOf = (entries: Catalog, region?: string) =>
  Object.fromEntries(resolveEndpoints(entries, { interface: 'public', region }));

test('the recorded catalog: versions are added where the address has none, aliases are found', () => {
  expect(publicOf(catalog, 'RegionOne')).toEqual({
    compute: 'http://127.0.0.1:8774/v2.1',
    network: 'http://127.0.0.1:9696/v2.0',
    'block-storage': 'http://127.0.0.1:8776/v3/a93b93a9271d44518771fb7f471cadad',
  });
});

test('addresses of all shapes', () => {
  const compute = (url: string) => publicOf([endpoint('compute', url)]).compute;
  expect(compute('https://cloud/compute/')).toBe('https://cloud/compute/v2.1');
  expect(compute('https://cloud/compute/v2.1/')).toBe('https://cloud/compute/v2.1');
  expect(compute('https://cloud:8774/v2.1/0a1b')).toBe('https://cloud:8774/v2.1/0a1b');
  expect(compute('https://v2.cloud/compute')).toBe('https://v2.cloud/compute/v2.1');
});

test('the official name wins over an alias, whatever the order', () => {
  const entries = [endpoint('volumev3', 'http://old/v3'), endpoint('block-storage', 'http://new/v3')];
  expect(publicOf(entries)['block-storage']).toBe('http://new/v3');
});

test('region and interface select; without a region the first counts', () => {
  const entries = [
    endpoint('compute', 'http://inside/v2.1', { interface: 'internal' }),
    endpoint('compute', 'http://one/v2.1'),
    endpoint('compute', 'http://two/v2.1', { region: null, region_id: 'r2' }),
  ];
  expect(publicOf(entries).compute).toBe('http://one/v2.1');
  expect(publicOf(entries, 'r2').compute).toBe('http://two/v2.1');
  expect(publicOf(entries, 'r3')).toEqual({});
});

test('a service that is not listed names what to check', async () => {
  const config = { name: 'lab', source: 'clouds.yaml', region: 'r3', interface: 'public' } as CloudConfig;
  const failure = await failureOf(Promise.resolve().then(() => endpointOf(new Map(), 'network', config)));
  expect(failure).toMatchObject({
    type: 'InvalidInput',
    message:
      'cloud lab lists no public network endpoint in region r3; check region_name and interface of cloud lab in clouds.yaml',
  });
});
