import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { copyStore } from '../../../activities/copy/scripts/copy-store';
import { until } from '../ssh/server';
import { Hosts } from './programs-host';

let hosts: Hosts;
beforeEach(() => {
  hosts = new Hosts();
  hosts.put('users', 'ann\nbob\n');
  hosts.put('base/1/it\'s a "file" of ünï', 'odd name');
  hosts.put('base/1/-dash', 'dash');
  hosts.put('base/2', 'two');
  hosts.put('back\\slash', 'back');
  mkdirSync(join(hosts.store, 'empty', 'er'), { recursive: true });
  hosts.put('LOCK', '');
  hosts.put('logs/cockroach.log', 'not data');
  hosts.put('cockroach-temp123/spill', 'not data');
  hosts.age();
});
afterEach(() => hosts.remove());

/** Words of an ssh that can share no connection. */
const noShared = `case " $* " in *' -M '*) exit 255 ;; esac`;

const copyOf = (path: string) => join(hosts.work, 'store', path);

/** Path, type, mode and content of everything below. */
function tree(root: string, leaveOut: readonly string[] = []): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(root.length + 1);
      if (entry.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
      const mode = (statSync(path).mode & 0o7777).toString(8);
      return entry.isDirectory() ? `${name}/ ${mode}` : `${name} ${mode} ${readFileSync(path, 'utf8')}`;
    })
    .filter((line) => !leaveOut.some((prefix) => line.startsWith(prefix)))
    .sort();
}
const store = () => tree(hosts.store, ['LOCK', 'logs', 'cockroach-temp']);
const copy = () => tree(join(hosts.work, 'store'));

/** Every file of the copy has the digest that is recorded for it. */
function expectTrueDigests(): void {
  const lines = readFileSync(join(hosts.work, 'files'), 'utf8').trim().split('\n');
  const recorded = lines.map((line) => `${line.slice(line.indexOf('/') + 1)} ${line.slice(0, 64)}`).sort();
  const actual = lines
    .map((line) => line.slice(line.indexOf('/') + 1))
    .map(
      (path) =>
        `${path} ${createHash('sha256')
          .update(readFileSync(copyOf(path)))
          .digest('hex')}`,
    )
    .sort();
  expect(recorded).toEqual(actual);
}

test('a first copy has every file, empty directory, link and mode, and leaves out what the engine names', () => {
  symlinkSync('base/2', join(hosts.store, 'link'));
  linkSync(join(hosts.store, 'users'), join(hosts.store, 'same-inode'));
  chmodSync(join(hosts.store, 'base', '2'), 0o640);
  chmodSync(join(hosts.store, 'empty'), 0o750);
  const { code, stderr, result } = hosts.copy('cold');
  expect([code, stderr]).toEqual([0, '']);
  expect(copy()).toEqual(store());
  expectTrueDigests();
  expect(result).toMatchObject({ files: 6, bytes: 35, copiedFiles: 6, copiedBytes: 35 });
});

test('the cold copy fetches only what has changed since the copy ahead', () => {
  hosts.copy('ahead');
  hosts.put('base/2', 'TWO and more');
  hosts.put('new', 'new');
  rmSync(join(hosts.store, 'base', '1', '-dash'));
  rmSync(join(hosts.store, 'empty'), { recursive: true });
  const { code, stderr, result } = hosts.copy('cold');
  expect([code, stderr]).toEqual([0, '']);
  expect(copy()).toEqual(store());
  expectTrueDigests();
  expect(result).toMatchObject({ copiedFiles: 2, copiedBytes: 15 });
});

test('a file of the same size and time but another inode is fetched again', () => {
  const path = join(hosts.store, 'base', '2');
  const { atime, mtime } = statSync(path);
  hosts.copy('ahead');
  rmSync(path);
  writeFileSync(path, 'TWO');
  utimesSync(path, atime, mtime);
  expect(hosts.copy('cold').result).toMatchObject({ copiedFiles: 1 });
  expect(readFileSync(copyOf('base/2'), 'utf8')).toBe('TWO');
});

test('a file that changed less than two seconds before the listing does not count as copied', () => {
  hosts.program('date', 'exec /bin/date "$@"');
  hosts.copy('ahead');
  expect(hosts.copy('cold').result).toMatchObject({ copiedFiles: 5 });
  expectTrueDigests();
});

test('a file whose type has changed is replaced', () => {
  hosts.copy('ahead');
  rmSync(join(hosts.store, 'base'), { recursive: true });
  hosts.put('base', 'a file now');
  rmSync(join(hosts.store, 'users'));
  hosts.put('users/1', 'a directory now');
  expect(hosts.copy('cold').code).toBe(0);
  expect(copy()).toEqual(store());
});

test('an empty store is copied', () => {
  rmSync(hosts.store, { recursive: true });
  mkdirSync(hosts.store);
  expect(hosts.copy('cold')).toMatchObject({ code: 0, result: { files: 0, copiedBytes: 0 } });
});

test('a name with a line break is refused and named', () => {
  hosts.put('two\nlines', '');
  const { code, stderr } = hosts.copy('ahead');
  expect(code).toBe(1);
  expect(stderr).toMatch(/a name with a line break cannot be copied: .*two/);
});

test('a file that changes while the cold copy runs fails it; the copy ahead does not mind', () => {
  const busy = `for last; do :; done
[ "$last" = fetch ] && echo more >> ${hosts.store}/base/2
SSH_ORIGINAL_COMMAND=$last exec sh ${hosts.root}/serve ${hosts.store} LOCK 'cockroach-temp*' logs`;
  hosts.program('ssh', busy);
  expect(hosts.copy('ahead')).toMatchObject({ code: 0, stderr: '' });
  const { code, stderr } = hosts.copy('cold');
  expect(code).toBe(1);
  expect(stderr).toContain('base/2 changed while the store was copied');
});

test('a file that vanishes between listing and fetching is missed by the cold copy only', () => {
  hosts.program(
    'ssh',
    `for last; do :; done
[ "$last" = fetch ] && rm -f ${hosts.store}/base/2
SSH_ORIGINAL_COMMAND=$last exec sh ${hosts.root}/serve ${hosts.store}`,
  );
  expect(hosts.copy('ahead').code).toBe(0);
  hosts.put('base/2', 'back');
  expect(hosts.copy('cold')).toMatchObject({ code: 1, stderr: expect.stringContaining('base/2') as string });
});

test('a connection that breaks ends no copy: it goes on behind what is whole', () => {
  for (let i = 0; i < 8; i++) hosts.put(`many/${i}`, 'x'.repeat(1_200_000));
  hosts.age();
  hosts.program('sleep', 'exec /bin/sleep 0.1');
  hosts.program(
    'ssh',
    `for last; do :; done
export SSH_ORIGINAL_COMMAND=$last
[ "$last" = list ] && exec sh ${hosts.root}/serve ${hosts.store} LOCK 'cockroach-temp*' logs
sh ${hosts.root}/serve ${hosts.store} > ${hosts.root}/answer.$$
[ "$(wc -c < ${hosts.root}/answer.$$)" -gt 4000000 ] || exec cat ${hosts.root}/answer.$$
head -c 4000000 ${hosts.root}/answer.$$; exit 255`,
  );
  const { code, stderr, result } = hosts.copy('cold');
  expect(code).toBe(0);
  expect(stderr).toContain('broke off');
  expect((result as { copiedFiles: number }).copiedFiles).toBeLessThan(8);
  expect(copy()).toEqual(store());
  expectTrueDigests();
});

test('one that stays broken fails it, after a few tries', () => {
  hosts.program('sleep', 'exec /bin/sleep 0.1');
  hosts.program('ssh', `${noShared}; echo tried >> ${hosts.root}/tries; echo 'Connection refused' >&2; exit 255`);
  expect(hosts.copy('cold')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('did not list its store; the reason stands above') as string,
  });
  expect(readFileSync(join(hosts.root, 'tries'), 'utf8')).toBe('tried\n'.repeat(4));
});

test.each(['cold', 'ahead'] as const)('the connection that its requests share ends with it (%s)', async (mode) => {
  const pidFile = join(hosts.root, 'connection');
  hosts.program(
    'ssh',
    `for last; do :; done
case " $* " in *' -M '*) echo $$ > ${pidFile}; echo yes; exec sleep 60 ;; esac
grep -qs . ${pidFile} || exit 255
[ "$last" = list ] || exit 1
SSH_ORIGINAL_COMMAND=$last exec sh ${hosts.root}/serve ${hosts.store} LOCK 'cockroach-temp*' logs`,
  );
  expect(hosts.copy(mode)).toMatchObject({ code: 1, stderr: expect.stringContaining('broke off') as string });
  await until(() => !existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`), 'the connection has ended');
});

test('what fails on the other host is not tried again', () => {
  hosts.program('ssh', `${noShared}; echo tried >> ${hosts.root}/tries; exit 1`);
  expect(hosts.copy('cold').code).toBe(1);
  expect(readFileSync(join(hosts.root, 'tries'), 'utf8')).toBe('tried\n');
});

test.each([20, 60, 120, 250, 400])('killed after %d ms and run again, the copy is whole', async (afterMs) => {
  for (let i = 0; i < 60; i++) hosts.put(`many/${i}`, `${i}`.repeat(2_000));
  for (let i = 0; i < 4; i++) hosts.put(`large/${i}`, `${i}`.repeat(1_500_000));
  hosts.age();
  const child = hosts.start(copyStore, [hosts.work, 'ahead', 'config']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // it was quicker
  }
  await ended;
  expect(hosts.copy('cold')).toMatchObject({ code: 0, stderr: '' });
  expect(copy()).toEqual(store());
  expectTrueDigests();
});

test('a second program does not enter a workplace in use', () => {
  hosts.program('flock', '[ "$2" = 10 ] && exit 1');
  expect(hosts.copy('cold')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another process works in') as string,
  });
});

test('the database host answers list and fetch of its store, and nothing else', () => {
  const ask = (request: string, stdin = '') => {
    const script = `printf '%b' '${stdin}' | SSH_ORIGINAL_COMMAND='${request}' sh ${hosts.root}/serve ${hosts.store} logs`;
    return hosts.run(script, []);
  };
  expect(ask('rm -rf /')).toMatchObject({ code: 64, stdout: '' });
  expect(ask('list; id')).toMatchObject({ code: 64, stdout: '' });
  for (const path of ['/etc/passwd', '../x', 'base/../../x', '..'])
    expect(ask('fetch', `${path}\\n`)).toMatchObject({ code: 65, stdout: '' });
  hosts.put('secret', 'outside');
  symlinkSync('/etc', join(hosts.store, 'etc'));
  expect(ask('fetch', 'etc/passwd\\nlogs/cockroach.log\\n').stdout.replaceAll('\0', '')).toBe('');
  expect(ask('fetch', 'users\\n').stdout).toContain('ann\nbob');
  expect(existsSync(join(hosts.store, 'base'))).toBe(true);
});
