import { createHash } from 'node:crypto';
import { credentialRoutes, noCredential } from './application-credentials';
import { keystoneBody, missingProperty } from './keystone-request';
import { keystoneEnvelope, Refusal } from './refusal';
import { asObject, isObject, ok, type Answer, type Call, type Route, type Service } from './service';
import { type ServiceName } from './state';
import { type Store } from './store';
import { unauthorized, type Token, type Tokens } from './tokens';

/** Who may log in, and where. The password may change while the cloud runs. */
export interface Account {
  readonly project: string;
  readonly user: string;
  password: string;
}

const DOMAIN = { id: 'default', name: 'Default' };
const MEMBER = { id: stableId('role member'), name: 'member' };
const READER = { id: stableId('role reader'), name: 'reader' };
const CATALOG: { service: ServiceName; type: string; name: string; path: (project: string) => string }[] = [
  { service: 'compute', type: 'compute', name: 'nova', path: () => '/v2.1' },
  { service: 'network', type: 'network', name: 'neutron', path: () => '' },
  { service: 'volume', type: 'volumev3', name: 'cinderv3', path: (project) => `/v3/${project}` },
  { service: 'identity', type: 'identity', name: 'keystone', path: () => '/v3/' },
];

/** Keystone v3: one user with one project, password and application credentials. */
export function identity(
  account: Account,
  tokens: Tokens,
  store: Store,
  urls: Readonly<Record<ServiceName, string>>,
): Service {
  const { ids, credentials } = store.state;
  const url = `${urls.identity}/v3`;
  const refused = (): Refusal => unauthorized(url);

  const catalog = CATALOG.map(({ service, type, name, path }) => ({
    id: stableId(name),
    type,
    name,
    endpoints: ['public', 'internal', 'admin'].map((interfaceName) => ({
      id: stableId(`${name} ${interfaceName}`),
      interface: interfaceName,
      region_id: 'RegionOne',
      region: 'RegionOne',
      url: urls[service] + path(ids.project),
    })),
  }));

  function tokenView(token: Token): unknown {
    const credential = credentials.find(({ id }) => id === token.credentialId);
    return {
      methods: token.methods,
      user: { domain: DOMAIN, id: ids.user, name: account.user, password_expires_at: null },
      audit_ids: [token.auditId],
      expires_at: microseconds(token.expiresAtMs),
      issued_at: microseconds(token.issuedAtMs),
      ...(token.scoped && {
        project: { domain: DOMAIN, id: ids.project, name: account.project },
        is_domain: false,
        roles: credential ? [MEMBER] : [READER, MEMBER],
        catalog,
      }),
      ...(credential && { application_credential: { id: credential.id, name: credential.name, restricted: true } }),
    };
  }

  const tokenAnswer = (status: number, token: Token): Answer => ({
    status,
    body: { token: tokenView(token) },
    headers: { 'X-Subject-Token': token.id },
  });

  function authenticate(call: Call): Token {
    const token = tokens.find(header(call, 'x-auth-token'));
    if (!token || token.revoked) throw refused();
    const { credentialId } = token;
    if (credentialId !== null && !credentials.some(({ id }) => id === credentialId)) throw noCredential(credentialId);
    return token;
  }

  function subject(call: Call): Token {
    const token = tokens.find(header(call, 'x-subject-token'));
    if (!token || token.revoked) throw new Refusal(404, 'Could not find token.');
    return token;
  }

  function logIn(call: Call): Answer {
    const auth = keystoneBody(call).auth;
    const { identity: given, scope } = asObject(auth);
    if (!isObject(given)) throw missingProperty('identity', auth);
    const methods = given.methods;
    if (!Array.isArray(methods)) throw missingProperty('methods', given);
    if (methods.includes('application_credential')) return byCredential(asObject(given.application_credential), scope);
    if (methods.includes('token')) return byToken(asObject(given.token), scope);
    const { user } = asObject(given.password);
    if (!isThisUser(asObject(user)) || asObject(user).password !== account.password) throw refused();
    return tokenAnswer(201, tokens.issue({ methods: ['password'], scoped: isScoped(scope), credentialId: null }));
  }

  function byCredential(given: Record<string, unknown>, scope: unknown): Answer {
    if (scope !== undefined) {
      const message =
        'Error authenticating with application credential: Application credentials cannot request a scope.';
      const body = { error: { code: 401, identity: {}, message, title: 'Unauthorized' } };
      throw new Refusal(401, message, { body, headers: refused().headers });
    }
    const byName = (name: string): boolean => name === given.name && isThisUser(asObject(given.user));
    const found = credentials.find(({ id, name }) => id === given.id || byName(name));
    if (!found) throw noCredential(String(given.id ?? given.name));
    if (found.secret !== given.secret) throw refused();
    const token = { methods: ['application_credential'], scoped: true, credentialId: found.id };
    return tokenAnswer(201, tokens.issue(token));
  }

  /** A token for another scope: it lives no longer than the one it was asked with. */
  function byToken(given: Record<string, unknown>, scope: unknown): Answer {
    const token = tokens.find(String(given.id));
    if (!token || token.revoked) throw refused();
    const { credentialId, expiresAtMs } = token;
    const issued = { methods: ['token', ...token.methods], scoped: isScoped(scope), credentialId, expiresAtMs };
    return tokenAnswer(201, tokens.issue(issued));
  }

  const isThisUser = ({ id, name, domain }: Record<string, unknown>): boolean =>
    id === ids.user || (name === account.user && isDefault(domain));

  /** No scope at all is the user's default project. */
  function isScoped(scope: unknown): boolean {
    if (scope === undefined) return true;
    if (scope === 'unscoped') return false;
    const { id, name, domain } = asObject(asObject(scope).project);
    if (id === ids.project || (name === account.project && isDefault(domain))) return true;
    throw refused();
  }

  function revoke(call: Call): Answer {
    subject(call).revoked = true;
    return { status: 204 };
  }

  const version = {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${url}/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
  const project = {
    id: ids.project,
    name: account.project,
    domain_id: DOMAIN.id,
    description: '',
    enabled: true,
    parent_id: DOMAIN.id,
    is_domain: false,
    tags: [],
    options: {},
    links: { self: `${url}/projects/${ids.project}` },
  };
  const versions = (): Answer => ({
    status: 300,
    body: { versions: { values: [version] } },
    headers: { Location: `${url}/` },
  });
  const forbidden = (): never => {
    throw new Refusal(403, 'You are not authorized to perform the requested action: identity:list_users.');
  };
  const listing = (path: string) => ({ next: null, self: url + path, previous: null });

  const routes: Route[] = [
    { method: 'GET', path: '/', open: true, handle: versions },
    { method: 'GET', path: '/v3', open: true, handle: () => ok({ version }) },
    { method: 'POST', path: '/v3/auth/tokens', open: true, handle: logIn },
    { method: 'GET', path: '/v3/auth/tokens', handle: (call) => tokenAnswer(200, subject(call)) },
    { method: 'DELETE', path: '/v3/auth/tokens', handle: revoke },
    { method: 'GET', path: '/v3/auth/catalog', handle: () => ok({ catalog, links: { self: `${url}/auth/catalog` } }) },
    {
      method: 'GET',
      path: '/v3/auth/projects',
      handle: () => ok({ projects: [project], links: listing('/auth/projects') }),
    },
    { method: 'GET', path: '/v3/users', handle: forbidden },
    ...credentialRoutes(store, url, MEMBER),
  ];
  return {
    name: 'identity',
    routes,
    authenticate,
    envelope: keystoneEnvelope,
    always: { Vary: 'X-Auth-Token' },
    headers: () => ({}),
    requestIdHeaders: ['x-openstack-request-id'],
    notFound: 'Could not find the requested resource.',
  };
}

const header = (call: Call, name: string): string | undefined => call.headers[name]?.toString();
const isDefault = (domain: unknown): boolean =>
  asObject(domain).id === DOMAIN.id || asObject(domain).name === DOMAIN.name;

/** Keystone writes its times with microseconds. */
const microseconds = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

function stableId(of: string): string {
  return createHash('sha256').update(of).digest('hex').slice(0, 32);
}
