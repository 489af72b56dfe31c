import { cloudActions } from '../../../activities/cloud';
import { fail } from '../../../activities/failures';
import { systemClock } from '../../../activities/openstack/clock';
import { contextFor, LocalHosts } from '../copy/local-hosts';
import { cloudName, failureOf, floatingIp, type SmallCloud, startSmallCloud } from './small-cloud';

const refused = fail('Unavailable', 'no SSH connection to backup:22: nothing listens there');

let hosts: LocalHosts;
let small: SmallCloud;
let actions: ReturnType<typeof cloudActions>;

beforeEach(async () => {
  hosts = new LocalHosts();
  small = await startSmallCloud();
  actions = cloudActions({ openstack: small.openstack, ssh: hosts, clock: systemClock });
});
afterEach(async () => {
  await small.close();
  await hosts.close();
});

const host = () => ({ ...hosts.ref('backup'), server: { cloud: cloudName, name: 'backup' } });
const start = (bootSeconds = 20) => actions.startServer.do({ host: host(), bootSeconds }, contextFor());

test('a server has started when a command runs on it over SSH, not when it is ACTIVE', async () => {
  hosts.silent.set('backup', refused);
  const context = contextFor();
  const starting = actions.startServer.do({ host: host(), bootSeconds: 20 }, context);
  while (!context.seen.some(({ note }) => note?.includes('answers SSH'))) await systemClock.sleep(20);
  expect(small.cloud.servers()['backup']).toMatchObject({ status: 'ACTIVE' });
  hosts.silent.delete('backup');
  expect(await starting).toMatchObject({ changed: true });
  expect(await start()).toMatchObject({ changed: false });
});

test('one that never answers SSH has failed, by name and seconds', async () => {
  hosts.silent.set('backup', refused);
  expect(await failureOf(start(1))).toEqual({
    type: 'ResourceFailed',
    message:
      'server backup is ACTIVE, but does not answer SSH after 1 s: no SSH connection to backup:22: nothing listens there. See: openstack console log show backup',
  });
});

test.each(['HostKeyMismatch', 'AuthDenied'] as const)('%s is not waited for', async (type) => {
  hosts.silent.set('backup', fail(type, 'not this one'));
  expect(await failureOf(start())).toEqual({ type, message: 'not this one' });
});

test('one that goes to ERROR while it boots is not waited for', async () => {
  hosts.silent.set('backup', refused);
  const context = contextFor();
  const starting = failureOf(actions.startServer.do({ host: host(), bootSeconds: 20 }, context));
  while (!context.seen.some(({ note }) => note?.includes('answers SSH'))) await systemClock.sleep(20);
  small.cloud.serverError('backup');
  expect(await starting).toMatchObject({
    type: 'ResourceFailed',
    message: expect.stringMatching(/server backup went to ERROR .*while it booted/) as string,
  });
});

test('a server is stopped once, and its state can be read', async () => {
  await start();
  const stop = () => actions.stopServer.do({ host: host() }, contextFor());
  expect(await stop()).toMatchObject({ changed: true });
  expect(await stop()).toMatchObject({ changed: false });
  expect(await actions.readServer.do({ host: host() }, contextFor())).toEqual({ status: 'SHUTOFF', taskState: null });
});

test('descriptions are the requests themselves, and send nothing that changes', async () => {
  const before = small.cloud.changes();
  const starting = await actions.startServer.describe({ host: host(), bootSeconds: 20 }, contextFor());
  expect(starting).toMatchObject({ changes: true, now: 'server backup is SHUTOFF' });
  expect(starting.command).toMatch(/^POST http.*\/servers\/.*\/action .*os-start/);
  expect(await actions.stopServer.describe({ host: host() }, contextFor())).toMatchObject({ changes: null });
  expect(small.cloud.changes()).toBe(before);
});

describe('checking the cloud', () => {
  const check = (servers: string[]) => actions.checkCloud.do({ cloud: cloudName, servers, floatingIp }, contextFor());

  test('says how the servers are and who has the address', async () => {
    expect(await check(['www1', 'backup'])).toEqual({
      servers: { www1: { status: 'ACTIVE', taskState: null }, backup: { status: 'SHUTOFF', taskState: null } },
      addressAt: 'www1',
    });
  });

  test('a wrong password and a missing server are told apart', async () => {
    expect(await failureOf(check(['www9']))).toMatchObject({ type: 'NotFound' });
    small.cloud.setPassword('another');
    expect(await failureOf(check([]))).toMatchObject({ type: 'AuthDenied' });
  });
});
