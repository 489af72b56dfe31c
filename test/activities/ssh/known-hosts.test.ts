import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utils } from 'ssh2';
import { HostKeys } from '../../../activities/ssh/host-key';
import { fingerprint, KnownHosts } from '../../../activities/ssh/known-hosts';
import { makeKey } from './server';

const ours = makeKey();
const theirs = makeKey();
const rsa = makeKey('rsa');
const blob = (key: { public: string }) => Buffer.from(key.public.split(' ')[1] ?? '', 'base64');

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'known-'));
  file = join(directory, 'known_hosts');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function verdict(text: string, host: string, port = 22, key = ours): string {
  writeFileSync(file, text);
  return new HostKeys().verify(blob(key), host, port, [file])?.message ?? 'trusted';
}

test.each([
  ['a plain name', `db1 ${ours.public}`, 'db1', 22],
  ['one of several names, in whatever case', `x,DB1,y ${ours.public} a comment`, 'db1', 22],
  ['a port of its own', `[db1]:2222 ${ours.public}`, 'db1', 2222],
  ['a wildcard', `*.example,!www.example ${ours.public}`, 'db1.example', 22],
  ['a question mark', `db? ${ours.public}`, 'db1', 22],
  ['a wildcard with a port', `[10.0.0.*]:2222 ${ours.public}`, '10.0.0.7', 2222],
  ['a second key of the same type', `db1 ${theirs.public}\ndb1 ${ours.public}`, 'db1', 22],
  [
    'a file with comments, empty lines, and lines of no sense',
    `# x\n\nx\n@odd db1 x y\ndb1 ${ours.public}\r\n`,
    'db1',
    22,
  ],
])('a key is trusted by %s', (_how, text, host, port) => {
  expect(verdict(text, host, port)).toBe('trusted');
});

test.each([
  ['an unknown host', `db2 ${ours.public}`, 'is not in'],
  ['the right host at another port', `[db1]:2222 ${ours.public}`, 'is not in'],
  ['a negated pattern', `db*,!db1 ${ours.public}`, 'is not in'],
  ['a dot that is no wildcard', `dbx1 ${ours.public}`, 'is not in'],
  ['a file that is empty', '', 'is not in'],
  ['another key of that type', `db1 ${theirs.public}`, ':1'],
  ['keys of other types only', `db1 ${rsa.public}`, 'only keys of other types are known: ssh-rsa'],
  ['a revoked key, also if another line trusts it', `db1 ${ours.public}\n@revoked * ${ours.public}`, 'revoked by'],
  ['a certificate authority', `@cert-authority * ${ours.public}`, '@cert-authority'],
])('a key is refused for %s', (_why, text, message) => {
  expect(verdict(text, 'db1')).toContain(message);
});

test('a refusal names host, fingerprint, file and what to do', () => {
  const unknown = verdict('', 'db1', 2222);
  expect(unknown).toContain('[db1]:2222 presents the ssh-ed25519 key SHA256:');
  expect(unknown).toContain(`ssh-keyscan -t ed25519 -p 2222 db1 >> ${file}`);
  const changed = verdict(`\n\n[db1]:2222 ${theirs.public}`, 'db1', 2222);
  expect(changed).toContain(`wanted the one of ${file}:3`);
  expect(changed).toContain(`ssh-keygen -R '[db1]:2222' -f ${file}`);
});

test('names hashed by ssh-keygen are found, and only these', () => {
  writeFileSync(file, `db1,10.0.0.1 ${ours.public}\n[db1]:2222 ${theirs.public}\n`);
  execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain('db1');
  expect(verdict(text, 'db1')).toBe('trusted');
  expect(verdict(text, '10.0.0.1')).toBe('trusted');
  expect(verdict(text, 'db1', 2222, theirs)).toBe('trusted');
  expect(verdict(text, 'db2')).toContain('is not in');
});

test('the fingerprint is the one ssh-keygen prints', () => {
  writeFileSync(file, `${ours.public}\n`);
  expect(execFileSync('ssh-keygen', ['-lf', file]).toString()).toContain(fingerprint(blob(ours)));
});

test('the types we know are asked for first, RSA by its modern signatures', () => {
  writeFileSync(file, `db1 ${rsa.public}`);
  const keys = new HostKeys();
  expect(keys.preferred('db1', 22, [file]).slice(0, 4)).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-rsa',
    'ssh-ed25519',
  ]);
  expect(keys.preferred('other', 22, [file])[0]).toBe('ssh-ed25519');
});

test('a file is read again when it has changed, appeared or gone', () => {
  const keys = new HostKeys();
  const trusts = () => keys.verify(blob(ours), 'db1', 22, [file]) === undefined;
  expect(trusts()).toBe(false);
  writeFileSync(file, `db1 ${ours.public}\n`);
  expect(trusts()).toBe(true);
  writeFileSync(file, `db2 ${ours.public}\n`);
  utimesSync(file, 1, 1);
  expect(trusts()).toBe(false);
  rmSync(file);
  expect(trusts()).toBe(false);
});

test('a thousand lookups in a file of ten thousand hosts take less than a second', () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, index) => `host${index},10.0.${index >> 8}.${index & 255} ${ours.public}`,
  );
  const hosts = KnownHosts.parse(lines.join('\n'));
  const start = performance.now();
  for (let index = 0; index < 1_000; index++) expect(hosts.keysOf(`host${index * 10}`, 22)).toHaveLength(1);
  expect(performance.now() - start).toBeLessThan(1_000);
  expect(utils.parseKey(ours.public)).not.toBeInstanceOf(Error);
});
