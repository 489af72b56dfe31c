import { type CloudOptions, type CloudState } from '../../../lab/cloud/cloud';
import { Waits } from '../../../lab/cloud/waits';
import { Client, SERVERS, until } from './client';
import { PASSWORD, RECORDED, recordedState, startCloud, type Parts, type RunningCloud } from './recorded-cloud';

const FLOATING_IP = `http://127.0.0.1:9696/v2.0/floatingips/${RECORDED.floatingIp}`;
const SERVER_A = `${SERVERS}/${RECORDED.serverA}`;

let running: RunningCloud;
let client: Client;
let calls: string[];
let moves: string[];
let state: CloudState;
afterEach(() => running.cloud.close());

async function start(options: Partial<CloudOptions> = {}, prepare?: (parts: Parts) => void): Promise<void> {
  calls = [];
  moves = [];
  running = await startCloud({
    state: recordedState(prepare),
    hypervisor: {
      boot: async (server) => void calls.push(`boot ${server}`),
      shutDown: async (server) => void calls.push(`shut down ${server}`),
      powerOff: async (server) => void calls.push(`power off ${server}`),
    },
    onFloatingIpMoved: (address, server) => moves.push(`${address} to ${server}`),
    onStateChanged: (changed) => (state = changed),
    ...options,
  });
  client = await Client.of(running);
}

const statusOfA = (): string | undefined => running.cloud.servers()['rec-a']?.status;

describe('machines', () => {
  test('starting, stopping and rebooting a server does so to its host', async () => {
    await start();
    for (const [action, end] of [
      [{ 'os-stop': null }, 'SHUTOFF'],
      [{ 'os-start': null }, 'ACTIVE'],
      [{ reboot: { type: 'SOFT' } }, 'ACTIVE'],
      [{ reboot: { type: 'HARD' } }, 'ACTIVE'],
    ] as const) {
      expect(await client.act(RECORDED.serverA, action)).toBe(202);
      await until(() => statusOfA() === end && running.cloud.servers()['rec-a']?.taskState === null);
    }
    const stopAndStart = ['shut down rec-a', 'boot rec-a'];
    expect(calls).toEqual([...stopAndStart, ...stopAndStart, 'power off rec-a', 'boot rec-a']);
  });

  test('a server is ACTIVE while its machine is booting still, and SHUTOFF only when it is down', async () => {
    let end: () => void = () => undefined;
    await start(
      {
        hypervisor: {
          boot: () => new Promise(() => undefined),
          shutDown: () => new Promise((resolve) => (end = resolve)),
          powerOff: () => Promise.resolve(),
        },
      },
      ({ a }) => (a.vmState = 'stopped'),
    );
    await client.act(RECORDED.serverA, { 'os-start': null });
    await until(() => statusOfA() === 'ACTIVE');

    await client.act(RECORDED.serverA, { 'os-stop': null });
    expect(running.cloud.servers()['rec-a']).toEqual({ status: 'ACTIVE', taskState: 'powering-off' });
    end();
    await until(() => statusOfA() === 'SHUTOFF');
  });

  test('a machine that cannot be booted leaves its server SHUTOFF with a failed instance action', async () => {
    const hypervisor = {
      boot: () => Promise.reject(new Error('no disk')),
      shutDown: async () => {},
      powerOff: async () => {},
    };
    await start({ hypervisor, delays: { spawnMs: 1, powerMs: 60_000, apiMs: 0 } }, ({ a }) => (a.vmState = 'stopped'));
    await client.act(RECORDED.serverA, { 'os-start': null });
    await until(() => state.servers[0]?.actions[0]?.result === 'Error');
    expect(statusOfA()).toBe('SHUTOFF');
  });

  test('a machine switched by hand changes its status, unless nova is busy with it', async () => {
    await start({ delays: { spawnMs: 60_000, powerMs: 60_000, apiMs: 0 } });
    running.cloud.reportPower('rec-a', 'off');
    expect(statusOfA()).toBe('SHUTOFF');
    running.cloud.reportPower('rec-a', 'on');
    expect(statusOfA()).toBe('ACTIVE');

    await client.act(RECORDED.serverA, { 'os-stop': null });
    running.cloud.reportPower('rec-a', 'off');
    expect(running.cloud.servers()['rec-a']).toEqual({ status: 'ACTIVE', taskState: 'powering-off' });
  });

  test('serverError lets the next start end in ERROR with a fault; clearing puts the server back to SHUTOFF', async () => {
    await start({}, ({ a }) => (a.vmState = 'stopped'));
    running.cloud.serverError('rec-a');
    expect(statusOfA()).toBe('SHUTOFF');
    expect(await client.act(RECORDED.serverA, { 'os-start': null })).toBe(202);
    await until(() => statusOfA() === 'ERROR');
    const { fault } = await client.server(RECORDED.serverA);
    expect(fault).toEqual(
      expect.objectContaining({ code: 500, message: expect.stringMatching(/^No valid host was found\./) as string }),
    );
    expect(calls).toEqual([]);

    running.cloud.clearFaults();
    expect(statusOfA()).toBe('SHUTOFF');
    await client.act(RECORDED.serverA, { 'os-start': null });
    await until(() => statusOfA() === 'ACTIVE');
  });

  test('serverError puts a running server to ERROR at once and pulls the plug', async () => {
    await start();
    running.cloud.serverError('rec-a');
    expect(statusOfA()).toBe('ERROR');
    expect(calls).toEqual(['power off rec-a']);
  });
});

describe('floating IPs', () => {
  test('a move takes effect once, with the request, and a description alone moves nothing', async () => {
    await start();
    await client.send('PUT', FLOATING_IP, { floatingip: { port_id: RECORDED.portA } });
    expect(moves).toEqual(['203.0.113.177 to rec-a']);
    await client.send('PUT', FLOATING_IP, { floatingip: { description: 'held by run 7' } });
    await client.send('PUT', FLOATING_IP, { floatingip: { port_id: RECORDED.portA } });
    expect(moves).toHaveLength(1);
    expect(running.cloud.floatingIp('203.0.113.177')).toEqual({
      address: '203.0.113.177',
      at: 'rec-a',
      description: 'held by run 7',
    });
    await client.send('PUT', FLOATING_IP, { floatingip: { port_id: null, description: '' } });
    expect(moves).toEqual(['203.0.113.177 to rec-a', '203.0.113.177 to null']);
  });

  test('a change that was made conditional on an older revision is refused', async () => {
    await start();
    const [, { floatingip }] = await client.send('GET', FLOATING_IP);
    const revision = (floatingip as { revision_number: number }).revision_number;
    const put = (revisionNumber: number): Promise<[number, unknown]> =>
      client.send(
        'PUT',
        FLOATING_IP,
        { floatingip: { description: 'x' } },
        { 'If-Match': `revision_number=${revisionNumber}` },
      );
    expect(await put(revision)).toEqual([200, expect.anything()]);
    expect(await put(revision)).toEqual([
      412,
      { NeutronError: expect.objectContaining({ type: 'RevisionNumberConstraintFailed' }) as unknown },
    ]);
  });

  test.each([
    [{ floatingip: { bogus: 1 } }, "Unrecognized attribute(s) 'bogus'"],
    [{ floatingip: { status: 'ACTIVE' } }, 'Cannot update read-only attribute status'],
  ])('%j is refused', async (body, message) => {
    await start();
    expect(await client.send('PUT', FLOATING_IP, body)).toEqual([
      400,
      { NeutronError: { type: 'HTTPBadRequest', message, detail: '' } },
    ]);
  });

  test('a filter by an attribute that does not exist is refused rather than ignored', async () => {
    await start();
    const [status] = await client.send(
      'GET',
      'http://127.0.0.1:9696/v2.0/floatingips?floating_ip_adress=203.0.113.177',
    );
    expect(status).toBe(400);
  });
});

describe('faults of the services', () => {
  test('a service that is down answers with the proxy page and does nothing, for as long as it was said', async () => {
    await start();
    running.cloud.api('compute', { status: 503, forMs: 150 });
    const reply = await running.send('POST', `${SERVER_A}/action`, {}, { 'os-stop': null });
    expect(reply.status).toBe(503);
    expect(reply.headers.get('content-type')).toBe('text/html');
    expect(reply.body).toContain('No server is available to handle this request.');
    expect(running.cloud.changes()).toBe(0);
    await until(async () => (await client.send('GET', SERVER_A))[0] === 200);
  });

  test.each([
    [500, 'computeFault'],
    [429, 'overLimit'],
  ])('a service may fail with %i in its own envelope', async (status, envelope) => {
    await start();
    running.cloud.api('compute', { status });
    expect(await client.send('GET', SERVER_A)).toEqual([
      status,
      { [envelope]: expect.objectContaining({ code: status }) as unknown },
    ]);
  });

  test('a change that was delayed lands late, though its client has gone and the fault is over', async () => {
    await start();
    running.cloud.api('network', { delayMs: 1_000 });
    const url = `${running.urls['9696']}/v2.0/floatingips/${RECORDED.floatingIp}`;
    const headers = { 'X-Auth-Token': await running.logIn() };
    const body = JSON.stringify({ floatingip: { port_id: RECORDED.portB } });
    await expect(fetch(url, { method: 'PUT', headers, body, signal: AbortSignal.timeout(300) })).rejects.toThrow();
    running.cloud.clearFaults();
    expect(running.cloud.changes()).toBe(0);
    expect(running.cloud.floatingIp('203.0.113.177').at).toBeNull();
    await until(() => running.cloud.floatingIp('203.0.113.177').at === 'rec-b');
    expect(running.cloud.changes()).toBe(1);
  });

  test('expired tokens are refused by every service, those that had seen them too; a new login works', async () => {
    await start();
    await client.send('GET', SERVER_A);
    running.cloud.expireTokens();
    for (const url of [SERVER_A, FLOATING_IP, 'http://127.0.0.1:5000/v3/auth/catalog']) {
      expect((await client.send('GET', url))[0]).toBe(401);
    }
    expect((await (await Client.of(running)).send('GET', SERVER_A))[0]).toBe(200);
  });

  test('a changed password is refused, with the tokens it gave, until the faults are cleared', async () => {
    await start();
    const user = { name: 'runbook', domain: { id: 'default' }, password: PASSWORD };
    const logIn = { auth: { identity: { methods: ['password'], password: { user } } } };
    const tokens = 'http://127.0.0.1:5000/v3/auth/tokens';
    running.cloud.setPassword('another');
    expect((await running.send('POST', tokens, {}, logIn)).status).toBe(401);
    expect((await client.send('GET', SERVER_A))[0]).toBe(401);
    running.cloud.clearFaults();
    expect((await running.send('POST', tokens, {}, logIn)).status).toBe(201);
  });

  test('only requests that change something are counted', async () => {
    await start();
    await client.send('GET', `${SERVERS}/detail`);
    await client.act(RECORDED.serverA, { 'os-getConsoleOutput': {} });
    await client.act(RECORDED.serverA, { 'os-start': null });
    expect(running.cloud.changes()).toBe(0);
    await client.send('PUT', `${SERVER_A}/metadata/run`, { meta: { run: '7' } });
    await client.act(RECORDED.serverA, { 'os-stop': null });
    expect(running.cloud.changes()).toBe(2);
  });

  test('what the cloud does not offer is said to be so, in the envelope of the service', async () => {
    await start();
    expect(await client.send('DELETE', SERVER_A)).toEqual([
      405,
      { badMethod: expect.objectContaining({ code: 405 }) as unknown },
    ]);
    expect(await client.send('GET', 'http://127.0.0.1:8774/v2.1/os-dance')).toEqual([
      404,
      { itemNotFound: { code: 404, message: 'The resource could not be found.' } },
    ]);
    expect(await client.act(RECORDED.serverA, { pause: null })).toBe(501);
  });
});

describe('a restarted cloud', () => {
  test('remembers ids, power, places and descriptions, as plain JSON', async () => {
    await start();
    await client.send('PUT', FLOATING_IP, { floatingip: { port_id: RECORDED.portB, description: 'fallback' } });
    await client.act(RECORDED.serverA, { 'os-stop': null });
    await until(() => statusOfA() === 'SHUTOFF');
    await running.cloud.close();

    await start({ state: JSON.parse(JSON.stringify(state)) as CloudState });
    expect(statusOfA()).toBe('SHUTOFF');
    expect(running.cloud.floatingIp('203.0.113.177')).toEqual({
      address: '203.0.113.177',
      at: 'rec-b',
      description: 'fallback',
    });
    expect((await client.server(RECORDED.serverA)).id).toBe(RECORDED.serverA);
    expect(moves).toEqual([]);
  });

  test('goes on with what was under way', async () => {
    await start({ delays: { spawnMs: 60_000, powerMs: 60_000, apiMs: 0 } }, ({ a }) => (a.vmState = 'stopped'));
    await client.act(RECORDED.serverA, { 'os-start': null });
    await running.cloud.close();

    await start({ state });
    await until(() => statusOfA() === 'ACTIVE');
    expect(calls).toEqual(['boot rec-a']);
    expect(state.servers[0]?.actions[0]).toEqual(expect.objectContaining({ action: 'start', result: 'Success' }));
  });

  test('does nothing more once it is closed', async () => {
    await start();
    running.cloud.api('compute', { delayMs: 50 });
    const answer = client.act(RECORDED.serverA, { 'os-stop': null }).catch(() => 'cut off');
    await client.send('GET', FLOATING_IP);
    await running.cloud.close();
    expect(await answer).toBe('cut off');
    await new Waits().for(150);
    expect(running.cloud.changes()).toBe(0);
    expect(calls).toEqual([]);
  });
});
