import { failureDetailsOf } from '../../../activities/failures';
import { findServer } from '../../../activities/openstack';
import { getServer } from '../../../activities/openstack/compute/servers/requests';
import { Bench, failureOf, recorded, type ScriptedAnswer } from './replay-cloud';

const id = 'b9fc71ee-2233-4349-8b72-794b0ca7ad50';
const server = `GET /compute/v2.1/servers/${id}`;
const rec = getServer({ id, name: 'rec-a' });
const neutron = { ...rec, service: 'network', path: '/floatingips', read: () => 'read' } as const;

let bench: Bench;
beforeEach(async () => void (bench = await new Bench().open({ timeoutMs: 2_000 })));
afterEach(() => bench.close());

test('the first call logs in and states the microversion', async () => {
  bench.replay.on(server, 'server-get-active-2.79');
  await expect(bench.lab.send(rec)).resolves.toMatchObject({
    name: 'rec-a',
    status: 'ACTIVE',
    taskState: null,
    locked: false,
  });
  const [login, get] = bench.replay.seen;
  expect(JSON.parse(login?.body ?? '')).toEqual({
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: 'runbook', domain: { name: 'Default' }, password: 'oslab-runbook' } },
      },
      scope: { project: { name: 'runbook', domain: { name: 'Default' } } },
    },
  });
  expect(get?.headers).toMatchObject({ 'x-auth-token': 'token-1', 'openstack-api-version': 'compute 2.79' });
});

test('one session and one login serve every caller of a cloud', async () => {
  bench.replay.on(server, 'server-get-active-2.79');
  await Promise.all(Array.from({ length: 20 }, () => bench.openstack.cloud('lab').send(rec)));
  expect(bench.replay.logins).toBe(1);
});

test('twenty callers whose token is refused share one new login', async () => {
  bench.replay.on(server, 'server-get-active-2.79');
  await bench.lab.send(rec);
  bench.replay.expireTokens();
  const views = await Promise.all(Array.from({ length: 20 }, () => bench.lab.send(rec)));
  expect(views).toHaveLength(20);
  expect(bench.replay.logins).toBe(2);
});

test('a refusal that arrives after the new login takes the new token instead of fetching another', async () => {
  let answerLate = () => {};
  const gate = new Promise<void>((resolve) => (answerLate = resolve));
  const refusedLate = async () => {
    await gate;
    return 'neutron-expired-token';
  };
  bench.replay.on(server, 'server-get-active-2.79').on('GET /network/v2.0/floatingips', refusedLate, 'fip-by-address');
  await bench.lab.send(rec);
  const late = bench.lab.send(neutron);
  await bench.replay.until(() => bench.replay.sent('GET').length === 2);
  bench.replay.expireTokens();
  await bench.lab.send(rec);
  answerLate();
  await expect(late).resolves.toBe('read');
  expect(bench.replay.logins).toBe(2);
});

test('a token refused right after a new login is AuthDenied, not a loop', async () => {
  bench.replay.on(server, 'nova-expired-token');
  const failure = await failureOf(bench.lab.send(rec));
  expect(failure.type).toBe('AuthDenied');
  expect(bench.replay.logins).toBe(2);
});

test('a token is renewed shortly before it expires', async () => {
  bench.replay.on(server, 'server-get-active-2.79');
  await bench.lab.send(rec);
  bench.clock.advance(3_530_000);
  await bench.lab.send(rec);
  expect(bench.replay.logins).toBe(1);
  bench.clock.advance(20_000);
  await bench.lab.send(rec);
  expect(bench.replay.logins).toBe(2);
  expect(bench.replay.sent('GET').at(-1)?.headers['x-auth-token']).toBe('token-2');
});

test('a token that is still good is used on while the identity service is away', async () => {
  bench.replay.on(server, 'server-get-active-2.79');
  await bench.lab.send(rec);
  bench.clock.advance(3_550_000);
  bench.replay.loginSteps.push({ status: 503 }, { status: 503 });
  await expect(bench.lab.send(rec)).resolves.toMatchObject({ name: 'rec-a' });
  bench.clock.advance(60_000);
  expect((await failureOf(bench.lab.send(rec))).type).toBe('Unavailable');
});

test('a wrong password names user, cloud and file, and one put right later is picked up', async () => {
  await bench.writeClouds('wr0ng-w0rd');
  const failure = await failureOf(findServer(bench.lab, 'rec-a'));
  expect(failure.type).toBe('AuthDenied');
  expect(failure.message).toMatch(
    /^cloud lab refused user runbook \(The request you have made requires authentication\.\); check password, project and domains of clouds\.lab in .*\/clouds\.yaml$/,
  );
  expect(failureDetailsOf(failure).requestId).toBe('req-da1a3fb9-8a34-42d9-a293-501ceb6545af');
  expect(JSON.stringify([failure.message, failure.stack, failure.details])).not.toContain('wr0ng-w0rd');

  await bench.writeClouds();
  bench.replay.on('GET /compute/v2.1/servers/detail', 'servers-detail');
  await expect(findServer(bench.lab, 'rec-a')).resolves.toMatchObject({ name: 'rec-a' });
});

test('check proves the credentials of now, not those of an old token', async () => {
  bench.replay.on('GET /compute/v2.1/servers', 'servers-page').on('GET /network/v2.0/floatingips', 'fip-by-address');
  await bench.lab.check();
  await bench.lab.check();
  expect(bench.replay.logins).toBe(2);
  bench.replay.password = 'changed';
  expect((await failureOf(bench.lab.check())).type).toBe('AuthDenied');
});

describe('a login that goes wrong', () => {
  const unscoped: ScriptedAnswer = { ...recorded('auth-unscoped'), headers: { 'X-Subject-Token': 't' } };
  const cases: [string, ScriptedAnswer | string, string, RegExp][] = [
    ['unknown project', 'auth-unknown-project', 'AuthDenied', /refused user runbook/],
    ['deleted application credential', 'auth-appcred-deleted', 'AuthDenied', /Could not find Application Credential/],
    ['no project', unscoped, 'InvalidInput', /has no project; set auth.project_name in .*clouds.yaml/],
    ['malformed', 'auth-malformed', 'InvalidInput', /'identity' is a required property/],
    [
      'not an identity service',
      { status: 404, body: '<html><h1>Not Found</h1></html>' },
      'InvalidInput',
      /check auth_url/,
    ],
    ['a proxy that says yes', { status: 201, body: '<html>hello</html>' }, 'Unavailable', /without a token/],
    ['too many', { status: 429, headers: { 'Retry-After': '3' } }, 'RateLimited', /was answered 429/],
    ['identity service away', { status: 503 }, 'Unavailable', /was answered 503/],
    [
      'quotes the password',
      { status: 400, body: { error: { message: "'oslab-runbook' is too short" } } },
      'InvalidInput',
      /'\*\*\*' is too short/,
    ],
  ];
  test.each(cases)('%s', async (_what, step, type, message) => {
    bench.replay.loginSteps.push(step);
    const failure = await failureOf(bench.lab.send(rec));
    expect(failure).toMatchObject({ type, message: expect.stringMatching(message) as string });
    expect(failure.message).not.toContain('oslab-runbook');
  });
});

describe('an answer that was not expected', () => {
  const cases: [string | ScriptedAnswer, string, string][] = [
    ['server-missing', 'NotFound', 'Instance 00000000-0000-0000-0000-000000000000 could not be found.'],
    ['server-stop-while-stopping', 'Conflict', `Cannot 'stop' instance ${id} while it is in task_state powering-off`],
    [
      'servers-all-tenants-member',
      'AuthDenied',
      "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.",
    ],
    ['server-create-quota', 'PreconditionFailed', 'Quota exceeded for cores, instances'],
    ['fip-quota', 'PreconditionFailed', "Quota exceeded for resources: ['floatingip']."],
    ['volume-create-quota', 'PreconditionFailed', 'quota'],
    ['microversion-too-new', 'InvalidInput', 'Minimum is 2.1 and maximum is 2.93.'],
    ['fip-create-on-internal-network', 'InvalidInput', 'is not a valid external network'],
    ['outage-neutron-down-get', 'Unavailable', 'Unexpected API Error.'],
    ['outage-keystone-down-neutron', 'Unavailable', 'The server is currently unavailable.'],
    [
      { status: 429, headers: { 'Retry-After': '7' }, body: { overLimit: { message: 'slow down' } } },
      'RateLimited',
      'slow down',
    ],
    [{ status: 302, body: 'elsewhere' }, 'Unavailable', 'was answered 302: elsewhere'],
    [{ status: 200, body: '<html>portal</html>' }, 'Unavailable', 'with something we cannot read'],
    [{ status: 200, body: { server: { id: 1 } } }, 'Unavailable', 'with something we cannot read'],
    [{ status: 200 }, 'Unavailable', 'with something we cannot read'],
  ];
  test.each(cases)('%j is %s', async (step, type, words) => {
    bench.replay.on(server, step);
    const failure = await failureOf(bench.lab.send(rec));
    expect({ type: failure.type, message: failure.message }).toEqual({
      type,
      message: expect.stringContaining(words) as string,
    });
    expect(failureDetailsOf(failure)).toMatchObject({
      target: 'server/rec-a',
      operation: `GET ${bench.replay.url}/compute/v2.1/servers/${id}`,
    });
  });

  test('names the request id and the wait that was asked for, at most a minute', async () => {
    const retry = async (value: string) => {
      bench.replay.on(server, { status: 503, headers: { 'Retry-After': value, 'X-Openstack-Request-Id': 'req-1' } });
      const failure = await failureOf(bench.lab.send(rec));
      expect(failure.message).toContain('(req-1)');
      return failureDetailsOf(failure).retryAfterMs;
    };
    expect(await retry('7')).toBe(7_000);
    expect(await retry('86400')).toBe(60_000);
    expect(await retry(new Date(bench.clock.now() + 9_000).toUTCString())).toBe(9_000);
    expect(await retry('0')).toBeUndefined();
    expect(await retry('soon')).toBeUndefined();
  });
});

test('a service that does not answer is Unavailable after the timeout', async () => {
  bench.replay.on(server, 'hang');
  const failure = await failureOf(bench.lab.send(rec, { timeoutMs: 50 }));
  expect(failure).toMatchObject({
    type: 'Unavailable',
    message: expect.stringContaining('no answer within 0.05 s') as string,
  });
});

test('an address where nobody listens is Unavailable', async () => {
  bench.replay.on(server, 'server-get-active-2.79');
  await bench.lab.send(rec);
  await bench.replay.stop();
  expect(await failureOf(bench.lab.send(rec))).toMatchObject({
    type: 'Unavailable',
    message: expect.stringMatching(/does the service run, and can this worker reach it\?$/) as string,
  });
  await bench.replay.start();
});

test('a caller that gives up gets its own reason, and the login it shared goes on for the others', async () => {
  let release = () => {};
  const asked = new Promise<void>((resolve) => (release = resolve));
  bench.replay.loginSteps.push(() => (release(), 'hang'));
  bench.replay.on(server, 'server-get-active-2.79');
  const caller = new AbortController();
  const first = failureOf(bench.lab.send(rec, { signal: caller.signal }));
  const second = failureOf(bench.lab.send(rec));
  await asked;
  caller.abort(new Error('the run was cancelled'));
  expect((await first).message).toBe('the run was cancelled');
  expect(await second).toMatchObject({ type: 'Unavailable' });
  expect(bench.replay.logins).toBe(1);

  bench.replay.on(server, () => (caller2.abort(new Error('again')), 'hang'));
  const caller2 = new AbortController();
  expect((await failureOf(bench.lab.send(rec, { signal: caller2.signal }))).message).toBe('again');
  expect((await failureOf(bench.lab.send(rec, { signal: caller2.signal }))).message).toBe('again');
});

test('a closed client gives up what is under way', async () => {
  let close: Promise<void> | undefined;
  bench.replay.on(server, () => ((close = bench.openstack.close()), 'hang'));
  expect((await failureOf(bench.lab.send(rec))).type).toBe('Unavailable');
  await close;
});
