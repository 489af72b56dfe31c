import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CloudConfig, readCloud } from '../../../activities/openstack/clouds';
import { failureOf } from './replay-cloud';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'clouds-'))));
afterEach(() => rm(root, { recursive: true }));

async function write(path: string, text: string): Promise<string> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
  return join(root, path);
}

const cloudsFile = (region: string) => `clouds:
  lab:
    auth: { auth_url: 'http://keystone:5000', username: runbook, password: s3cret, project_name: runbook }
    region_name: ${region}
`;

const read = (name = 'lab', env: Record<string, string> = {}): Promise<CloudConfig> =>
  readCloud({ env, home: join(root, 'home'), cwd: join(root, 'cwd'), systemDirectory: join(root, 'etc') }, name);

test('the first clouds.yaml of the official search order is used, alone', async () => {
  const order = [
    'named.yaml',
    'cwd/clouds.yaml',
    'xdg/openstack/clouds.yaml',
    'home/.config/openstack/clouds.yaml',
    'etc/clouds.yaml',
  ];
  for (const path of order) await write(path, cloudsFile(path.split('/')[0] ?? ''));
  const env = { OS_CLIENT_CONFIG_FILE: join(root, 'named.yaml'), XDG_CONFIG_HOME: join(root, 'xdg') };
  const regions: (string | undefined)[] = [];
  for (const path of order) {
    const present: Record<string, string> = path === 'named.yaml' ? env : { XDG_CONFIG_HOME: env.XDG_CONFIG_HOME };
    regions.push((await read('lab', present)).region);
    await rm(join(root, path));
  }
  expect(regions).toEqual(['named.yaml', 'cwd', 'xdg', 'home', 'etc']);
});

test('secure.yaml is merged over clouds.yaml, key by key', async () => {
  await write('cwd/clouds.yaml', cloudsFile('r1').replace('password: s3cret, ', ''));
  await write('etc/secure.yaml', 'clouds: { lab: { auth: { password: 0123 } } }');
  const { secret, who, authUrl } = await read();
  expect({ secret, who, authUrl }).toEqual({ secret: '0123', who: 'user runbook', authUrl: 'http://keystone:5000/v3' });
});

test('a named cloud ignores OS_* and envvars is nothing but OS_*', async () => {
  await write('cwd/clouds.yaml', cloudsFile('r1'));
  const env = {
    OS_AUTH_URL: 'https://elsewhere/identity/v3/',
    OS_USERNAME: 'eve',
    OS_PASSWORD: 'x',
    OS_TENANT_NAME: 'p',
    OS_ENDPOINT_TYPE: 'internalURL',
    OS_DEFAULT_DOMAIN: 'corp',
    OS_INSECURE: 'true',
  };
  expect((await read('lab', env)).who).toBe('user runbook');
  expect(await read('envvars', env)).toMatchObject({
    authUrl: 'https://elsewhere/identity/v3',
    who: 'user eve',
    interface: 'internal',
    region: undefined,
    tls: { verify: false },
    credentials: { user: { domain: { id: 'corp' } }, project: { name: 'p', domain: { id: 'corp' } } },
  });
});

test('values under auth win over those beside it, ids over names, and anchors are merged', async () => {
  await write(
    'cwd/clouds.yaml',
    `base: &base { regions: [{ name: north }, south], interface: admin, verify: 'no' }
clouds:
  lab:
    <<: *base
    username: outside
    project_name: outside
    auth: { auth_url: 'http://k/v2.0', username: inside, password: p, project_id: '42', domain_name: corp, user_domain_id: d1 }
`,
  );
  expect(await read()).toMatchObject({
    authUrl: 'http://k/v3',
    who: 'user inside',
    region: 'north',
    interface: 'admin',
    tls: { verify: false },
    credentials: { user: { name: 'inside', domain: { id: 'd1' } }, project: { id: '42' } },
  });
});

test('an application credential is used by id, or by name with its user', async () => {
  const auth = (rest: string) =>
    `clouds: { lab: { auth_type: v3applicationcredential, auth: { auth_url: 'http://k', ${rest} } } }`;
  await write('cwd/clouds.yaml', auth('application_credential_id: ac1, application_credential_secret: s'));
  expect((await read()).credentials).toEqual({
    method: 'application_credential',
    credential: { id: 'ac1', secret: 's' },
  });
  await write('cwd/clouds.yaml', auth('application_credential_name: n, application_credential_secret: s, user_id: u'));
  expect((await read()).credentials).toEqual({
    method: 'application_credential',
    credential: { name: 'n', user: { id: 'u' }, secret: 's' },
  });
});

test('a certificate authority is read relative to the working directory or the home', async () => {
  await write('cwd/ca.pem', 'CA');
  await write('home/key.pem', 'KEY');
  await write('cwd/clouds.yaml', `${cloudsFile('r1')}    cacert: ca.pem\n    key: ~/key.pem\n`);
  expect((await read()).tls).toEqual({ verify: true, ca: 'CA', key: 'KEY', cert: undefined });
});

describe('a mistake names the file and the key, never the password', () => {
  const cases: [string, string, string][] = [
    ['a missing password', cloudsFile('r').replace('password: s3cret, ', ''), 'clouds.lab.auth.password is missing'],
    [
      'an address that is none',
      cloudsFile('r').replace('http://keystone:5000', 'keystone'),
      'clouds.lab.auth.auth_url is keystone; expected an http(s) URL',
    ],
    [
      'an unknown interface',
      `${cloudsFile('r')}    interface: inner\n`,
      'clouds.lab.interface is inner; expected public, internal or admin',
    ],
    [
      'an unknown login',
      `${cloudsFile('r')}    auth_type: v3oidc\n`,
      'clouds.lab.auth_type is v3oidc; expected password or v3applicationcredential',
    ],
    ['an unclear flag', `${cloudsFile('r')}    verify: maybe\n`, 'clouds.lab.verify is maybe; expected true or false'],
    [
      'an old identity API',
      `${cloudsFile('r')}    identity_api_version: 2\n`,
      'clouds.lab.identity_api_version is 2; expected 3',
    ],
    [
      'an unreadable certificate',
      `${cloudsFile('r')}    cacert: /nowhere/ca.pem\n`,
      'clouds.lab.cacert is /nowhere/ca.pem, which cannot be read (ENOENT)',
    ],
    ['another cloud', 'clouds: { prod: {}, test: {} }', 'there is no cloud lab in <file>; there are: prod, test'],
    ['no clouds', 'cloud: {}', "<file> has no mapping 'clouds'"],
    ['broken YAML', 'clouds:\n  lab:\n    auth: { password: "s3cret\n', '<file>:4:1: not valid YAML (MISSING_CHAR)'],
    ['a password that looks like an alias', 'clouds: { lab: { auth: { password: *s3cret } } }', 'not valid YAML'],
  ];
  test.each(cases)('%s', async (_what, text, expected) => {
    const path = await write('cwd/clouds.yaml', text);
    const failure = await failureOf(read());
    expect(failure.type).toBe('InvalidInput');
    expect(failure.message).toContain(expected.replace('<file>', path));
    expect(failure.message).toContain(path);
    expect(JSON.stringify([failure.message, failure.stack])).not.toContain('s3cret');
  });

  test('no file at all, a named file that is missing, an empty environment', async () => {
    expect((await failureOf(read())).message).toContain(
      `looked in ${join(root, 'cwd')}, ${join(root, 'home/.config/openstack')}`,
    );
    expect((await failureOf(read('lab', { OS_CLIENT_CONFIG_FILE: '/nowhere' }))).message).toBe(
      'OS_CLIENT_CONFIG_FILE names /nowhere, which does not exist',
    );
    expect((await failureOf(read('envvars'))).message).toBe('OS_AUTH_URL is missing, in the environment');
  });
});
