import { describeFloatingIpMove, findFloatingIp, moveFloatingIp } from '../../../activities/openstack';
import { Bench, failureOf, recorded, type ScriptedAnswer } from './replay-cloud';

const address = '203.0.113.177';
const fipId = 'b770a2d9-46c3-4f69-a447-ef1607f80e13';
const a = { id: 'b9fc71ee-2233-4349-8b72-794b0ca7ad50', port: '64fb9b01-0f69-4661-814d-337da3689f6c', name: 'rec-a' };
const b = { id: 'f8463b74-06af-4ba2-8f8f-d53632e6ec3e', port: '155b5a3b-7d25-4d90-86c5-632cefa02bcf', name: 'rec-b' };
const byAddress = 'GET /network/v2.0/floatingips';
const put = `PUT /network/v2.0/floatingips/${fipId}`;
const ports = 'GET /network/v2.0/ports';

type Json = Record<string, unknown>;
const first = (name: string, key: string): Json => (recorded(name).body as Record<string, Json[]>)[key]?.[0] as Json;

/** The recorded floating IP, elsewhere. */
const fips = (...changes: Json[]): ScriptedAnswer => ({
  status: 200,
  body: { floatingips: changes.map((change) => ({ ...first('fip-by-address', 'floatingips'), ...change })) },
});
const moved = (change: Json): ScriptedAnswer => {
  const { floatingip } = recorded('fip-move-to-b').body as { floatingip: Json };
  return { status: 200, body: { floatingip: { ...floatingip, ...change } } };
};
const named = ({ id, name }: typeof a): ScriptedAnswer => {
  const { server } = recorded('server-get-active-2.79').body as { server: Json };
  return { status: 200, body: { server: { ...server, id, name } } };
};

let bench: Bench;
beforeEach(async () => {
  bench = await new Bench().open({ timeoutMs: 5_000 });
  const { replay } = bench;
  for (const [server, recording] of [
    [a, 'ports-of-server-a'],
    [b, 'ports-of-server-b'],
  ] as const) {
    const { body } = named(server) as { body: { server: Json } };
    replay.on(`GET /compute/v2.1/servers/detail?name=%5E${server.name}%24`, {
      status: 200,
      body: { servers: [body.server] },
    });
    replay.on(`GET /compute/v2.1/servers/${server.id}`, named(server));
    replay.on(`${ports}?device_id=${server.id}`, recording);
    replay.on(`${ports}/${server.port}`, { status: 200, body: { port: first(recording, 'ports') } });
  }
  replay.on(byAddress, 'fip-by-address');
});
afterEach(() => bench.close());

const toB = { address, toServer: 'rec-b' };

describe('findFloatingIp', () => {
  test('finds it with its note and the server that has it', async () => {
    await expect(findFloatingIp(bench.lab, address)).resolves.toEqual({
      id: fipId,
      address,
      portId: a.port,
      description: 'runbook drill',
      server: 'rec-a',
    });
  });

  test.each<[string, () => unknown]>([
    ['nobody has it', () => bench.replay.on(byAddress, fips({ port_id: null }))],
    ['its port is gone', () => bench.replay.on(`${ports}/${a.port}`, 'fip-associate-missing-port')],
    ['its server is gone', () => bench.replay.on(`GET /compute/v2.1/servers/${a.id}`, 'server-get-deleted')],
    [
      'its port is not a server',
      () => {
        const port = { ...first('ports-of-server-a', 'ports'), device_owner: 'network:router_interface' };
        bench.replay.on(`${ports}/${a.port}`, { status: 200, body: { port } });
      },
    ],
  ])('no server: %s', async (_why, arrange) => {
    arrange();
    await expect(findFloatingIp(bench.lab, address)).resolves.toMatchObject({ address, server: null });
  });

  test('a server that cannot be seen is not "no server"', async () => {
    bench.replay.on(`GET /compute/v2.1/servers/${a.id}`, 'outage-neutron-down-get');
    expect((await failureOf(findFloatingIp(bench.lab, address))).type).toBe('Unavailable');
  });

  test('there is none, or more than one', async () => {
    bench.replay.on(byAddress, fips());
    expect(await failureOf(findFloatingIp(bench.lab, address))).toMatchObject({
      type: 'NotFound',
      message: `there is no floating IP ${address} in cloud lab. See: openstack floating ip list`,
    });
    bench.replay.on(byAddress, fips({}, { id: 'second' }));
    expect((await failureOf(findFloatingIp(bench.lab, address))).type).toBe('PreconditionFailed');
  });
});

describe('moveFloatingIp', () => {
  test('one PUT moves it and writes the note', async () => {
    bench.replay.on(put, moved({ description: 'taken down by anna' }));
    const result = await moveFloatingIp(bench.lab, { ...toB, description: 'taken down by anna' });
    expect(result).toEqual({
      changed: true,
      floatingIp: { id: fipId, address, portId: b.port, description: 'taken down by anna', server: 'rec-b' },
    });
    expect(bench.replay.sent('PUT').map(({ body }) => body)).toEqual([
      `{"floatingip":{"port_id":"${b.port}","description":"taken down by anna"}}`,
    ]);
  });

  test('without a note what is written stays', async () => {
    bench.replay.on(put, 'fip-move-to-b');
    await expect(moveFloatingIp(bench.lab, toB)).resolves.toMatchObject({ changed: true });
    expect(bench.replay.sent('PUT')[0]?.body).toBe(`{"floatingip":{"port_id":"${b.port}"}}`);
  });

  test('nothing is sent when it is there already', async () => {
    const move = { address, toServer: 'rec-a', description: 'runbook drill' };
    await expect(moveFloatingIp(bench.lab, move)).resolves.toMatchObject({
      changed: false,
      floatingIp: { server: 'rec-a' },
    });
    expect(bench.replay.sent('PUT')).toEqual([]);
  });

  test('another note alone is written, an empty one too', async () => {
    bench.replay.on(put, moved({ port_id: a.port, description: '' }));
    await expect(moveFloatingIp(bench.lab, { address, toServer: 'rec-a', description: '' })).resolves.toMatchObject({
      changed: true,
    });
  });

  test('an answer that shows it elsewhere is no success', async () => {
    bench.replay.on(put, moved({ port_id: a.port }));
    expect(await failureOf(moveFloatingIp(bench.lab, toB))).toMatchObject({
      type: 'Conflict',
      message: `floating IP ${address} is at port ${a.port} after its move; wanted port ${b.port} of server rec-b`,
    });
  });

  test('a port that has another floating IP is a Conflict in the words of the service', async () => {
    bench.replay.on(put, 'fip-associate-port-taken');
    const failure = await failureOf(moveFloatingIp(bench.lab, toB));
    expect(failure.type).toBe('Conflict');
    expect(failure.message).toContain('already has a floating IP on external network');
  });

  test('of several ports the one in the network it is in now', async () => {
    const port = first('ports-of-server-b', 'ports');
    const list = (...changes: Json[]) =>
      bench.replay.on(`${ports}?device_id=${b.id}`, {
        status: 200,
        body: { ports: changes.map((change) => ({ ...port, ...change })) },
      });
    bench.replay.on(put, 'fip-move-to-b');
    list({ id: 'storage', network_id: 'storage' }, {});
    await expect(moveFloatingIp(bench.lab, toB)).resolves.toMatchObject({ floatingIp: { portId: b.port } });
    list({ id: 'one' }, {});
    expect((await failureOf(moveFloatingIp(bench.lab, toB))).message).toContain(
      'has 2 ports, and it is not clear which is meant',
    );
    list();
    expect(await failureOf(moveFloatingIp(bench.lab, toB))).toMatchObject({
      type: 'PreconditionFailed',
      message: `server rec-b has no port for floating IP ${address}. See: openstack port list --server rec-b`,
    });
  });
});

test('a description shows the request that would be sent, byte by byte, and sends nothing', async () => {
  const move = { ...toB, description: 'taken down by anna' };
  const description = await describeFloatingIpMove(bench.lab, move);
  expect(description).toMatchObject({ now: `floating IP ${address} is at server rec-a`, changes: true });
  expect(bench.replay.sent('PUT')).toEqual([]);

  bench.replay.on(put, moved({}));
  await moveFloatingIp(bench.lab, move);
  const [sent] = bench.replay.sent('PUT');
  expect(description.command).toBe(`PUT ${bench.replay.url}${sent?.path} ${sent?.body}`);
});

test('a description says when nothing would change', async () => {
  bench.replay.on(byAddress, fips({ port_id: null }));
  expect((await describeFloatingIpMove(bench.lab, toB)).now).toBe(`floating IP ${address} is at nothing`);
  bench.replay.on(byAddress, fips({ port_id: b.port }));
  expect(await describeFloatingIpMove(bench.lab, toB)).toMatchObject({
    now: `floating IP ${address} is at server rec-b`,
    changes: false,
  });
});
