import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failureTypeOf } from '../../../activities/failures';
import { type Address, SshConfigFile } from '../../../activities/ssh/config';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'));
  mkdirSync(join(home, '.ssh', 'config.d'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function resolve(text: string, address: Address) {
  const path = join(home, '.ssh', 'config');
  writeFileSync(path, text);
  return new SshConfigFile(path, home).resolve(address);
}

test('without a configuration the reference is all there is', () => {
  const target = new SshConfigFile(join(home, 'none'), home).resolve({ address: 'db1', port: 2222, user: 'root' });
  expect(target).toEqual({ host: 'db1', port: 2222, user: 'root', identityFiles: [] });
});

test('an alias gives name, port, user, keys and known hosts', () => {
  const text = `
Host db*
  hostname %h.example
  Port 2222
  User admin
  IdentityFile ~/.ssh/site key
  IdentityFile "%d/.ssh/%r@%h"
  UserKnownHostsFile ~/known1 ~/known2
Host *
  User nobody
  IdentityFile /etc/key
`;
  expect(resolve(text.replace('site key', 'site_key'), { address: 'db1' })).toEqual({
    host: 'db1.example',
    port: 2222,
    user: 'admin',
    identityFiles: [`${home}/.ssh/site_key`, `${home}/.ssh/admin@db1.example`, '/etc/key'],
    knownHostsFiles: [`${home}/known1`, `${home}/known2`],
  });
});

test('what the reference says wins over the configuration', () => {
  const text = 'Host db1\n  Port 2222\n  User admin\n  HostName 10.0.0.5\n';
  expect(resolve(text, { address: 'db1', port: 22, user: 'root' })).toMatchObject({
    host: '10.0.0.5',
    port: 22,
    user: 'root',
  });
});

test('a chain of jump hosts is gone through in its order, each by its own block', () => {
  const text = 'Host inner\n  ProxyJump a,root@b:2200\nHost a\n  HostName 10.0.0.1\n  User jumper\n';
  const target = resolve(text, { address: 'inner', user: 'x' });
  expect(target.jump).toMatchObject({
    host: 'b',
    port: 2200,
    user: 'root',
    jump: { host: '10.0.0.1', user: 'jumper' },
  });
});

test('included files stand in their place and end with their last line', () => {
  writeFileSync(join(home, '.ssh', 'config.d', 'site.conf'), 'Host db1\n  Port 2201\nHost other\n  Port 9\n');
  writeFileSync(join(home, '.ssh', 'config.d', 'site.bak'), 'Host db1\n  Port 1\n');
  const text = 'Include config.d/*.conf missing.d/*\nUser everybody\nHost db1\n  Port 2202\n';
  expect(resolve(text, { address: 'db1' })).toMatchObject({ port: 2201, user: 'everybody' });
});

test.each([
  ['Match exec', 'Match exec "touch /ran"\n  User x\n'],
  ['Match exec behind another criterion', 'Match host db1 exec "true"\n  User x\n'],
  ['ProxyCommand', 'Host db1\n  ProxyCommand nc %h %p\n'],
  ['CanonicalizeHostname', 'CanonicalizeHostname yes\n'],
  ['Include inside a block', 'Host db1\n  Include x\n'],
  ['jumps in a circle', 'Host db1\n  ProxyJump a\nHost a\n  ProxyJump db1\n'],
])('%s is refused as invalid input and runs nothing', (_what, text) => {
  let error: unknown;
  try {
    resolve(text, { address: 'db1', user: 'root' });
  } catch (thrown) {
    error = thrown;
  }
  expect(failureTypeOf(error)).toBe('InvalidInput');
  expect((error as Error).message).toContain(join(home, '.ssh', 'config'));
});

test('Match host works', () => {
  expect(resolve('Match host db1\n  User matched\n', { address: 'db1' }).user).toBe('matched');
  expect(resolve('Match host db1\n  User matched\nHost *\n  User other\n', { address: 'db2' }).user).toBe('other');
});
