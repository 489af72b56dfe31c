import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../../activities/failures';
import { volumeActions } from '../../../activities/volume';
import { cloudName, failureOf, type SmallCloud, startSmallCloud } from '../cloud/small-cloud';
import { contextFor, LocalHosts } from '../copy/local-hosts';

let hosts: LocalHosts;
let small: SmallCloud;
let actions: ReturnType<typeof volumeActions>;

beforeEach(async () => {
  hosts = new LocalHosts();
  small = await startSmallCloud();
  hosts.ref('www1');
  actions = volumeActions({ openstack: small.openstack, ssh: hosts });
  hosts.program('www1', 'mountpoint', '[ -e "$HOME/mounted" ]');
  hosts.program(
    'www1',
    'mount',
    '[ ! -e "$HOME/gone" ] || { echo "mount: $1: special device /dev/vdb does not exist." >&2; exit 32; }; : > "$HOME/mounted"',
  );
  hosts.program(
    'www1',
    'umount',
    '[ ! -e "$HOME/busy" ] || { echo "umount: $1: target is busy." >&2; exit 32; }; rm "$HOME/mounted"',
  );
  hosts.program(
    'www1',
    'fuser',
    'echo "                     USER        PID ACCESS COMMAND"; echo "/backup:             root       4711 ..c.. bash"',
  );
});
afterEach(async () => {
  await small.close();
  await hosts.close();
});

const place = (server = 'www1') => ({
  host: { ...hosts.ref('www1'), server: { cloud: cloudName, name: server } },
  mountPoint: '/backup',
});
const flag = (name: string) => writeFileSync(join(hosts.home('www1'), name), '');
const isMounted = () => existsSync(join(hosts.home('www1'), 'mounted'));
const mount = () => actions.mountVolume.do(place(), contextFor());
const unmount = (server?: string) => actions.unmountVolume.do(place(server), contextFor());

test('is mounted and unmounted once', async () => {
  expect(await mount()).toEqual({ changed: true });
  expect(await mount()).toEqual({ changed: false });
  expect(await actions.readVolume.do(place(), contextFor())).toEqual({ mounted: true });
  expect(await unmount()).toEqual({ changed: true });
  expect(await unmount()).toEqual({ changed: false });
});

test('what cannot be mounted is told in the words of mount', async () => {
  flag('gone');
  expect(await failureOf(mount())).toEqual({
    type: 'ResourceFailed',
    message:
      '/backup is not mounted on www1: mount: /backup: special device /dev/vdb does not exist. Is the volume attached, and in /etc/fstab there?',
  });
});

test('a busy one is worth another try, and who holds it is named', async () => {
  await mount();
  flag('busy');
  expect(await failureOf(unmount())).toEqual({
    type: 'Conflict',
    message: expect.stringMatching(
      /\/backup on www1 stays mounted: umount: \/backup: target is busy. Held by: .*root +4711 .* bash/,
    ) as string,
  });
});

describe('a host that may be off', () => {
  const silence = () => hosts.silent.set('www1', fail('Unavailable', 'no SSH connection'));

  test('has nothing mounted when its server is SHUTOFF, and is not asked', async () => {
    expect(await unmount('backup')).toEqual({ changed: false });
    expect(hosts.ran).toEqual([]);
  });

  test('has nothing mounted when its server is gone', async () => {
    expect(await unmount('deleted')).toEqual({ changed: false });
  });

  test('in ERROR is off only if it does not answer', async () => {
    await mount();
    small.cloud.serverError('www1');
    expect(await unmount()).toEqual({ changed: true });
    expect(isMounted()).toBe(false);
    silence();
    expect(await unmount()).toEqual({ changed: false });
  });

  test('that is ACTIVE and silent is tried again', async () => {
    silence();
    expect(await failureOf(unmount())).toMatchObject({ type: 'Unavailable' });
  });

  test('is asked itself when the cloud does not say', async () => {
    await mount();
    small.cloud.setPassword('another');
    expect(await unmount()).toEqual({ changed: true });
  });
});

test('descriptions look where they can and change nothing', async () => {
  expect(await actions.mountVolume.describe(place(), contextFor())).toMatchObject({
    command: 'ssh www1 -- mount /backup',
    now: '/backup is not mounted',
    changes: true,
  });
  expect(await actions.mountVolume.describe(place('backup'), contextFor())).toMatchObject({ now: null, changes: null });
  expect(isMounted()).toBe(false);
});
