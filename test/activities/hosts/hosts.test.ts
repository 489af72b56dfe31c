import { readFileSync } from 'node:fs';
import { failureTypeOf } from '../../../activities/failures';
import { hostActions } from '../../../activities/hosts';
import { contextFor, LocalHosts } from '../copy/local-hosts';

const hosts = new LocalHosts();
const { readHost } = hostActions({ ssh: hosts });
afterAll(() => hosts.close());

const look = (name: string) => readHost.do({ host: hosts.ref(name) }, contextFor());

test('a host tells its boot, since when it runs, its load and its room', async () => {
  hosts.program(
    'db1',
    'df',
    'echo "Filesystem 1024-blocks Used Available Capacity Mounted on"; echo "/dev/my disk 100 60 40 60% /"',
  );
  const seen = await look('db1');
  expect(seen).toMatchObject({
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    freeBytes: 40 * 1024,
  });
  expect(seen.uptimeSeconds).toBeGreaterThan(0);
  expect(seen.load).toBeGreaterThanOrEqual(0);
});

test.each([
  ['that is no Linux', 'cat', 'exit 1', /exit code 1/],
  ['that answers something else', 'df', 'echo "no such file system"', /does not answer as a Linux host does/],
])('a host %s is a failure that says so', async (_what, program, text, message) => {
  hosts.program('odd', program, text);
  const error: unknown = await look('odd').catch((thrown: unknown) => thrown);
  hosts.program('odd', program, `exec /bin/${program} "$@"`);
  expect(failureTypeOf(error)).toBe('ResourceFailed');
  expect((error as Error).message).toMatch(message);
});
