import { type CloudState } from '../../../lab/cloud/cloud';
import { powerStateOf, statusOf } from '../../../lab/cloud/server-view';
import { type VmState } from '../../../lab/cloud/state';
import { Client, SERVERS, until } from './client';
import { RECORDED, recordedState, startCloud, type Parts, type RunningCloud } from './recorded-cloud';
import { timeline } from './recording';

const FLOATING_IP = `http://127.0.0.1:9696/v2.0/floatingips/${RECORDED.floatingIp}`;

let running: RunningCloud;
let client: Client;
let states: CloudState[];
afterEach(() => running.cloud.close());

async function start(prepare?: (parts: Parts) => void): Promise<void> {
  states = [];
  const delays = { spawnMs: 10, powerMs: 10, apiMs: 0 };
  running = await startCloud({ delays, state: recordedState(prepare), onStateChanged: (state) => states.push(state) });
  client = await Client.of(running);
  states = [];
}

/** Every state there has been since the start, without repetitions, once it has come to the expected end. */
async function seen(look: (state: CloudState) => unknown, end: unknown): Promise<unknown[]> {
  const distinct = (): string[] =>
    states.map((state) => JSON.stringify(look(state))).filter((each, index, all) => each !== all[index - 1]);
  await until(() => distinct().at(-1) === JSON.stringify(end));
  return distinct().map((each) => JSON.parse(each) as unknown);
}

const serverA = ({ servers: [a] }: CloudState): unknown[] =>
  a ? [statusOf(a), a.vmState, a.taskState, powerStateOf(a)] : [];

const port = (id: string | null): string | null =>
  ({ [RECORDED.portA]: 'port a', [RECORDED.portB]: 'port b' })[String(id)] ?? null;

const neutronsView = ({ floatingIps: [fip] }: CloudState): unknown[] =>
  fip ? [fip.status, port(fip.portId), fip.portId !== null] : [];

/** The addresses of servers a and b. */
const novasView = ({ floatingIps: [fip] }: CloudState): unknown[] =>
  ['port a', 'port b'].map((each) => (fip && port(fip.shownOn) === each ? [fip.address] : []));

test.each<{ name: string; action: unknown; before?: VmState }>([
  { name: 'stop (power_off 2 s)', action: { 'os-stop': null } },
  { name: 'start (power_on 2 s)', action: { 'os-start': null }, before: 'stopped' },
  { name: 'soft reboot (2 s)', action: { reboot: { type: 'SOFT' } } },
  { name: 'hard reboot (2 s)', action: { reboot: { type: 'HARD' } } },
])('a server goes through the recorded states: $name', async ({ name, action, before = 'active' }) => {
  await start(({ a }) => (a.vmState = before));
  const recorded = timeline(name);

  expect(await client.act(RECORDED.serverA, action)).toBe(202);
  expect(await seen(serverA, recorded.at(-1))).toEqual(recorded);
});

test('a stop that fails goes through the recorded states, leaves a failed instance action, and is the only one to fail', async () => {
  await start();
  running.cloud.stopFails('rec-a');
  const recorded = timeline('stop that fails in the hypervisor');

  expect(await client.act(RECORDED.serverA, { 'os-stop': null })).toBe(202);
  expect(await seen(serverA, recorded.at(-1))).toEqual(recorded);

  const [, { instanceActions }] = await client.send('GET', `${SERVERS}/${RECORDED.serverA}/os-instance-actions`);
  expect(instanceActions).toContainEqual(expect.objectContaining({ action: 'stop', message: 'Error' }));
  expect(await client.act(RECORDED.serverA, { 'os-stop': null })).toBe(202);
  await until(() => running.cloud.servers()['rec-a']?.status === 'SHUTOFF');
});

const moveTo = async (portId: string | null): Promise<void> => {
  states = [];
  const [status] = await client.send('PUT', FLOATING_IP, { floatingip: { port_id: portId } });
  expect(status).toBe(200);
};

test('a floating IP goes through the recorded states when it is associated and disassociated', async () => {
  await start();
  const associated = timeline('fip associate: neutron status');
  await moveTo(RECORDED.portA);
  expect(await seen(neutronsView, associated.at(-1))).toEqual(associated);

  const disassociated = timeline('fip disassociate: neutron');
  await moveTo(null);
  expect(await seen(neutronsView, disassociated.at(-1))).toEqual(disassociated);
});

test('a floating IP that moves is there at once, and nova shows it later, as recorded', async () => {
  await start(({ floatingIp, a }) =>
    Object.assign(floatingIp, { portId: a.portId, shownOn: a.portId, status: 'ACTIVE' }),
  );
  const moved = timeline('fip move: nova addresses of [a, b]');

  await moveTo(RECORDED.portB);
  expect(await seen(novasView, moved.at(-1))).toEqual(moved);
  expect(await seen(neutronsView, ['ACTIVE', 'port b', true])).toEqual(timeline('fip move: neutron'));
});
