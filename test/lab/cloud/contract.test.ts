import { differences } from './compare';
import { COVERED } from './covered';
import { OUT_OF_SCOPE, OUT_OF_SCOPE_NAMES } from './out-of-scope';
import { recordedState, startCloud, type Reply } from './recorded-cloud';
import { recordedCalls, recording, type Recording } from './recording';

test('every recorded call is either covered or out of scope, and only once', () => {
  const listed = [...Object.keys(COVERED), ...OUT_OF_SCOPE_NAMES].sort();
  expect(listed).toEqual(recordedCalls());
  expect(Object.values(OUT_OF_SCOPE)).not.toContain('');
});

test.each(Object.entries(COVERED))(
  '%s is answered as recorded',
  async (name, { state, options, before, part = (body) => body, except = [] }) => {
    const { request, response } = recording(name);
    const running = await startCloud({ ...options, state: recordedState(state) });
    try {
      const own = await running.logIn();
      const sent = { token: own, subject: own, ...(await before?.(running, { token: own, subject: own })) };
      const reply = await running.send(request.method, request.url, headersOf(request, sent), request.body);

      expect(reply.status).toBe(response.status);
      expect(missingHeaders(response, reply)).toEqual([]);
      const found = differences(normal(part(response.body)), normal(reply.body), '', response.status >= 400);
      expect(found.filter((line) => !except.some((path) => line.startsWith(path)))).toEqual([]);
    } finally {
      await running.cloud.close();
    }
  },
);

function headersOf(
  { headers }: Recording['request'],
  sent: { token: string; subject: string },
): Record<string, string> {
  return {
    ...headers,
    ...(headers['X-Auth-Token'] && { 'X-Auth-Token': sent.token }),
    ...(headers['X-Subject-Token'] && { 'X-Subject-Token': sent.subject }),
  };
}

/** Headers that were recorded and are not there, or say something else where that matters to a client. */
function missingHeaders({ headers }: Recording['response'], reply: Reply): string[] {
  return Object.entries(headers).flatMap(([name, recorded]) => {
    const actual = reply.headers.get(name);
    if (actual === null) return [`${name} is missing`];
    const same = /^content-type$/i.test(name)
      ? actual.split(';')[0] === recorded.split(';')[0]
      : !/api-version$/i.test(name) || actual === recorded;
    return same ? [] : [`${name}: ${actual} instead of ${recorded}`];
  });
}

/** A catalog is compared in the services both have, and roles, whatever their order and ids; a long complaint in its first line. */
function normal(body: unknown): unknown {
  const text = JSON.stringify(body, (key, value: unknown) => {
    if (key === 'catalog') return comparable(value as Catalog);
    if (key === 'roles')
      return (value as { id: string; name: string }[]).map((role) => ({ ...role, id: 'ID' })).sort(byName);
    if (key === 'message' && typeof value === 'string' && value.includes('\n\nOn instance'))
      return value.split('\n')[0];
    return value;
  });
  const located = text.replace(/127\.0\.0\.1:\d+/g, 'CLOUD');
  return JSON.parse(located) as unknown;
}

const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);

type Catalog = { id: string; type: string; endpoints: { id: string; interface: string }[] }[];

const comparable = (catalog: Catalog): unknown =>
  catalog
    .filter(({ type }) => ['compute', 'network', 'volumev3', 'identity'].includes(type))
    .map((service) => ({
      ...service,
      id: 'ID',
      endpoints: service.endpoints
        .map((endpoint) => ({ ...endpoint, id: 'ID' }))
        .sort((a, b) => a.interface.localeCompare(b.interface)),
    }))
    .sort((a, b) => a.type.localeCompare(b.type));
