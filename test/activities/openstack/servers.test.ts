import {
  describeServerRunning,
  describeServerStopped,
  ensureServerRunning,
  ensureServerStopped,
  findServer,
  type PowerOptions,
} from '../../../activities/openstack';
import { serversByNamePath } from '../../../activities/openstack/compute/servers/paths';
import { Bench, failureOf, recorded, type ScriptedAnswer, type Step } from './replay-cloud';

const id = 'b9fc71ee-2233-4349-8b72-794b0ca7ad50';
const byName = 'GET /compute/v2.1/servers/detail';
const show = `GET /compute/v2.1/servers/${id}`;
const act = `POST /compute/v2.1/servers/${id}/action`;
const actions = `GET /compute/v2.1/servers/${id}/os-instance-actions`;

type Changes = Record<string, unknown>;

/** The recorded server in another state. */
function server(status: string, task: string | null = null, more: Changes = {}): ScriptedAnswer & { server: Changes } {
  const { body } = recorded('server-get-active-2.79') as { body: { server: Changes } };
  const changed = { ...body.server, status, 'OS-EXT-STS:task_state': task, name: 'backup', ...more };
  return { status: 200, body: { server: changed }, server: changed };
}

const list = (...servers: { server: Changes }[]): ScriptedAnswer => ({
  status: 200,
  body: { servers: servers.map((entry) => entry.server) },
});

let bench: Bench;
beforeEach(async () => {
  bench = await new Bench().open({ timeoutMs: 5_000 });
  bench.replay.on(byName, list(server('SHUTOFF')));
});
afterEach(() => bench.close());

const running = (options: PowerOptions = {}) => ensureServerRunning(bench.lab, 'backup', options);
const stopped = (options: PowerOptions = {}) => ensureServerStopped(bench.lab, 'backup', options);
const sentActions = () => bench.replay.sent('POST').map(({ body }) => body);

describe('findServer', () => {
  test('asks for the exact name although the service takes a regular expression', async () => {
    expect(serversByNamePath('db.1(a)')).toBe('/servers/detail?name=%5Edb%5C.1%5C(a%5C)%24');
    bench.replay.on(byName, list(server('ACTIVE', null, { name: 'backup2' }), server('ACTIVE')));
    await expect(findServer(bench.lab, 'backup')).resolves.toEqual({
      id,
      name: 'backup',
      status: 'ACTIVE',
      taskState: null,
      locked: false,
      addresses: [{ network: 'private', address: '10.20.0.43', type: 'fixed' }],
    });
    expect(bench.replay.sent('GET')[0]?.path).toBe('/compute/v2.1/servers/detail?name=%5Ebackup%24');
  });

  test('refuses two servers of one name, and says which', async () => {
    bench.replay.on(byName, list(server('ACTIVE'), server('ACTIVE', null, { id: 'other' })));
    const failure = await failureOf(findServer(bench.lab, 'backup'));
    expect(failure.type).toBe('PreconditionFailed');
    expect(failure.message).toContain(`2 servers named backup (${id}, other)`);
  });

  test('says that there is none', async () => {
    bench.replay.on(byName, list());
    const failure = await failureOf(findServer(bench.lab, 'backup'));
    expect(failure).toMatchObject({
      type: 'NotFound',
      message: 'there is no server backup in cloud lab. See: openstack server list',
    });
  });
});

describe('a server that is as wanted is left alone', () => {
  test.each([
    ['ACTIVE', running],
    ['SHUTOFF', stopped],
  ] as const)('%s', async (status, ensure) => {
    bench.replay.on(show, server(status));
    await expect(ensure()).resolves.toMatchObject({ changed: false, server: { status } });
    expect(sentActions()).toEqual([]);
  });
});

describe('ready: looks, acts once, and waits for status and task state', () => {
  test('start', async () => {
    const states = [
      server('SHUTOFF'),
      server('SHUTOFF', 'powering-on'),
      server('ACTIVE', 'powering-on'),
      server('ACTIVE'),
    ];
    bench.replay.on(show, ...states).on(act, 'server-start');
    const pending: string[] = [];
    const result = await running({ onPending: (view) => pending.push(`${view.status} ${view.taskState}`) });
    expect(result).toMatchObject({ changed: true, server: { status: 'ACTIVE', taskState: null } });
    expect(pending).toEqual(['SHUTOFF powering-on', 'ACTIVE powering-on']);
    expect(sentActions()).toEqual(['{"os-start":null}']);
  });

  test('stop, as recorded', async () => {
    bench.replay.on(show, 'server-get-active-2.79', 'server-get-stopping', 'server-get-shutoff').on(act, 'server-stop');
    await expect(stopped()).resolves.toMatchObject({ changed: true, server: { status: 'SHUTOFF' } });
    expect(sentActions()).toEqual(['{"os-stop":null}']);
  });

  test('a repeated start joins the one under way', async () => {
    bench.replay.on(show, server('SHUTOFF', 'powering-on'), server('ACTIVE'));
    await expect(running()).resolves.toMatchObject({ changed: false });
    expect(sentActions()).toEqual([]);
  });

  test('a server that is being stopped is started when it has stopped', async () => {
    const states = [
      server('ACTIVE', 'powering-off'),
      server('SHUTOFF'),
      server('SHUTOFF', 'powering-on'),
      server('ACTIVE'),
    ];
    bench.replay.on(show, ...states).on(act, 'server-start');
    await expect(running()).resolves.toMatchObject({ changed: true });
  });

  test('somebody was quicker: 409, then another look', async () => {
    const states = [server('ACTIVE'), server('ACTIVE', 'powering-off'), server('SHUTOFF')];
    bench.replay.on(show, ...states).on(act, 'server-stop-while-stopping');
    await expect(stopped()).resolves.toMatchObject({ changed: false });
    expect(sentActions()).toHaveLength(1);
  });

  test('a service that is away while we wait is ridden out, and asked no sooner than it wants', async () => {
    const away: Step = { status: 503, headers: { 'Retry-After': '9' } };
    bench.replay.on(show, server('SHUTOFF'), away, 'outage-neutron-down-get', server('ACTIVE')).on(act, 'server-start');
    await expect(running()).resolves.toMatchObject({ changed: true });
    expect(bench.clock.slept).toEqual([9_000, 375]);
  });
});

test('pending: polls every 0.25 s, growing to 2 s', async () => {
  const busy = Array.from({ length: 8 }, () => server('SHUTOFF', 'powering-on'));
  bench.replay.on(show, ...busy, server('ACTIVE'));
  await running();
  expect(bench.clock.slept.map(Math.round)).toEqual([250, 375, 563, 844, 1266, 1898, 2000, 2000]);
});

describe('failed', () => {
  test('a server in ERROR, with its fault', async () => {
    const fault = { code: 500, message: 'No valid host was found.' };
    bench.replay.on(show, server('ERROR', null, { fault }));
    for (const ensure of [running, stopped]) {
      const failure = await failureOf(ensure());
      expect(failure.type).toBe('ResourceFailed');
      expect(failure.message).toMatch(
        /^server backup is ERROR \(No valid host was found\); wanted (ACTIVE|SHUTOFF)\. See: openstack server show backup$/,
      );
    }
    expect(sentActions()).toEqual([]);
  });

  test('a start that ends in ERROR without a fault', async () => {
    bench.replay.on(show, server('SHUTOFF'), server('ERROR', 'powering-on'), server('ERROR')).on(act, 'server-start');
    expect(await failureOf(running())).toMatchObject({
      type: 'ResourceFailed',
      message: 'server backup is ERROR; wanted ACTIVE. See: openstack server show backup',
    });
  });

  test('a stop that fails silently is found among the actions of the server', async () => {
    bench.replay.on(show, server('ACTIVE'), server('ACTIVE', 'powering-off'), 'server-get-after-failed-stop');
    bench.replay.on(act, 'server-stop-will-fail').on(actions, 'instance-actions-after-failed-stop');
    const failure = await failureOf(stopped());
    expect(failure.type).toBe('ResourceFailed');
    expect(failure.message).toBe(
      'server rec-a is ACTIVE; wanted SHUTOFF: its stop failed (Error, req-f25ddca1-5567-4ea3-a3f4-9407432600f8). See: openstack server event list rec-a',
    );
  });

  test('the failure of an earlier stop is not taken for ours', async () => {
    bench.replay.on(show, server('ACTIVE'), server('ACTIVE'), server('SHUTOFF'));
    bench.replay.on(act, 'server-stop').on(actions, 'instance-actions-after-failed-stop');
    await expect(stopped()).resolves.toMatchObject({ changed: true });
  });

  test.each([
    ['PAUSED', 'openstack server unpause backup'],
    ['SHELVED_OFFLOADED', 'openstack server unshelve backup'],
    ['MIGRATING', 'openstack server show backup'],
  ])('%s is not a state to start from', async (status, remedy) => {
    bench.replay.on(show, server(status));
    expect(await failureOf(running())).toMatchObject({
      type: 'PreconditionFailed',
      message: `server backup is ${status}; wanted ACTIVE; start works from SHUTOFF only. First: ${remedy}`,
    });
  });

  test('a locked server', async () => {
    bench.replay.on(show, server('ACTIVE', null, { locked: true })).on(act, 'server-stop-locked');
    expect(await failureOf(stopped())).toMatchObject({
      type: 'PreconditionFailed',
      message: 'server backup is ACTIVE and locked; wanted SHUTOFF. First: openstack server unlock backup',
    });
  });

  test('credentials refused while waiting', async () => {
    bench.replay.on(show, server('SHUTOFF'), 'servers-all-tenants-member').on(act, 'server-start');
    expect((await failureOf(running())).type).toBe('AuthDenied');
  });

  test('a start whose answer is lost is for the caller to repeat', async () => {
    bench.replay.on(show, server('SHUTOFF')).on(act, { status: 504, body: '<h1>Gateway Time-out</h1>' });
    expect((await failureOf(running())).type).toBe('Unavailable');
    expect(sentActions()).toHaveLength(1);
  });
});

describe('gone', () => {
  test.each<[string, Step]>([
    ['404', 'server-get-deleted'],
    ['DELETED', server('DELETED')],
  ])('%s', async (_what, step) => {
    bench.replay.on(show, server('SHUTOFF'), step).on(act, 'server-start');
    expect(await failureOf(running())).toMatchObject({
      type: 'NotFound',
      message: 'server backup is gone; wanted ACTIVE. See: openstack server show backup',
    });
  });
});

describe('out of time', () => {
  test('says what it saw last', async () => {
    bench.replay.on(show, server('ACTIVE'), server('ACTIVE', 'powering-off')).on(act, 'server-stop');
    expect(await failureOf(stopped({ timeoutMs: 30_000 }))).toMatchObject({
      type: 'Unavailable',
      message: 'server backup is ACTIVE (powering-off) after 30 s; wanted SHUTOFF. See: openstack server show backup',
    });
  });

  test('says why it saw nothing', async () => {
    bench.replay.on(show, 'outage-neutron-down-get');
    const failure = await failureOf(running({ timeoutMs: 10_000 }));
    expect(failure.type).toBe('Unavailable');
    expect(failure.message).toMatch(
      /^server backup could not be seen after 10 s \(.* was answered 500: Unexpected API Error/,
    );
  });

  test('a server that others keep busy is a Conflict', async () => {
    bench.replay.on(show, server('ACTIVE')).on(act, 'server-stop-while-stopping');
    expect((await failureOf(stopped({ timeoutMs: 10_000 }))).type).toBe('Conflict');
  });
});

test('giving up ends the wait with the reason of the caller', async () => {
  bench.replay.on(show, server('SHUTOFF', 'powering-on'));
  const caller = new AbortController();
  const ensured = running({ signal: caller.signal, onPending: () => caller.abort(new Error('cancelled')) });
  expect((await failureOf(ensured)).message).toBe('cancelled');
});

describe('a description shows the request that would be sent, byte by byte, and sends nothing', () => {
  test.each([
    ['SHUTOFF', describeServerRunning, running, 'server-start'],
    ['ACTIVE', describeServerStopped, stopped, 'server-stop'],
  ] as const)('from %s', async (from, describeIt, doIt, answer) => {
    const to = from === 'ACTIVE' ? 'SHUTOFF' : 'ACTIVE';
    bench.replay.on(byName, list(server(from)));
    const description = await describeIt(bench.lab, 'backup');
    expect(description).toMatchObject({ now: `server backup is ${from}`, changes: true });
    expect(sentActions()).toEqual([]);

    bench.replay.on(show, server(from), server(to)).on(act, answer);
    await doIt();
    const [post] = bench.replay.sent('POST');
    expect(description.command).toBe(`POST ${bench.replay.url}${post?.path} ${post?.body}`);
  });

  test('nothing changes where the server is as wanted, or will be', async () => {
    expect(await describeServerStopped(bench.lab, 'backup')).toMatchObject({ changes: false });
    bench.replay.on(byName, list(server('SHUTOFF', 'powering-on')));
    expect(await describeServerStopped(bench.lab, 'backup')).toMatchObject({
      now: 'server backup is SHUTOFF (powering-on)',
      changes: true,
    });
  });
});
