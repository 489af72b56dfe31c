import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { badArchive } from '../../../workflows/contract/actions/copy';
import { makeArchive } from '../../../activities/copy/scripts/make-archive';
import { Hosts } from './programs-host';

let hosts: Hosts;
beforeEach(() => {
  hosts = new Hosts();
  hosts.put('users', 'ann\nbob\n');
  hosts.put('markers', 'runbook-1\n');
  hosts.put(`base/it's "odd" ünï`, 'odd');
  hosts.put('back\\slash', 'back');
  mkdirSync(join(hosts.store, 'empty'));
  symlinkSync('users', join(hosts.store, 'link'));
  hosts.age();
  hosts.copy('cold');
});
afterEach(() => hosts.remove());

const archives = () => readdirSync(hosts.archives).sort();
const inArchives = (name: string) => join(hosts.archives, name);
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const complete = ['bf.tar.zst', 'bf.tar.zst.manifest.json', 'bf.tar.zst.sha256sums'];

describe('making an archive', () => {
  test('leaves archive, sums and manifest, which agree with each other and with the store', () => {
    const { code, stderr, result } = hosts.archive({ site: 'lab', note: 'a "note"' });
    expect([code, stderr]).toEqual([0, '']);
    expect(archives()).toEqual(complete);
    const archive = inArchives('bf.tar.zst');
    const manifest = hosts.json(`${archive}.manifest.json`);
    expect(manifest).toMatchObject({
      site: 'lab',
      note: 'a "note"',
      name: 'bf.tar.zst',
      bytes: readFileSync(archive).length,
      sha256: sha256(archive),
      sumsSha256: sha256(`${archive}.sha256sums`),
      files: 4,
      storeBytes: 25,
    });
    expect(result).toMatchObject({
      archive: 'bf.tar.zst',
      sha256: sha256(archive),
      manifestSha256: sha256(`${archive}.manifest.json`),
    });
  });

  test('a person can check an unpacked archive without us', () => {
    hosts.archive();
    const check = 'mkdir "$1" && cd "$1" && tar -xf "$2" && sha256sum -c --strict "$2.sha256sums" && ls -d empty link';
    const out = spawnSync('sh', ['-c', check, 'sh', join(hosts.root, 'unpacked'), inArchives('bf.tar.zst')], {
      encoding: 'utf8',
    });
    expect([out.status, out.stderr]).toEqual([0, '']);
    expect(out.stdout).toContain(`base/it's "odd" ünï: OK`);
  });

  test('says how far it is', () => {
    hosts.put('large', '');
    truncateSync(join(hosts.store, 'large'), 100 * 2 ** 20);
    hosts.age();
    hosts.copy('cold');
    expect(hosts.archive().code).toBe(0);
    expect(hosts.progress()).toBe(`${64 * 2 ** 20} ${100 * 2 ** 20 + 25} bytes archiving`);
  });

  test('without zstd it is gzip', () => {
    hosts.hide('zstd');
    expect(hosts.archive().result).toMatchObject({ archive: 'bf.tar.gz' });
    expect(hosts.readBack('bf.tar.gz')).toMatchObject({ code: 0, stderr: '' });
  });

  test('without openssl it is sha256sum, with the same digests', () => {
    hosts.hide('openssl');
    hosts.copy('cold');
    expect(hosts.archive()).toMatchObject({ code: 0, stderr: '' });
    expect(hosts.readBack('bf.tar.zst')).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['a flipped byte', () => writeFileSync(copyOf('users'), 'ann\nbop\n'), /users differs from what was read/],
    ['a missing file', () => rmSync(copyOf('users')), /users was added or is missing/],
    ['a file too many', () => writeFileSync(copyOf('extra'), ''), /extra was added or is missing/],
  ])('%s in the copy fails it, and no archive appears', (_what, damage, message) => {
    damage();
    const { code, stderr } = hosts.archive();
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(archives()).toEqual([]);
  });

  test('a full volume fails it in words, and no archive appears', () => {
    hosts.program('tee', 'cat > /dev/null; echo "tee: No space left on device" >&2; exit 1');
    const { code, stderr } = hosts.archive();
    expect(code).toBe(1);
    expect(stderr).toMatch(/No space left on device\n.*the archive could not be written; .* are free on the volume/);
    expect(archives()).toEqual([]);
  });

  test.each([20, 50, 80, 120, 200])('killed after %d ms and run again, it is whole', async (afterMs) => {
    const child = hosts.start(makeArchive, [hosts.work, hosts.archives, 'bf', '{"site":"lab","rows":{"users":2}}']);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // it was quicker
    }
    await ended;
    expect(hosts.archive()).toMatchObject({ code: 0, stderr: '', result: { archive: 'bf.tar.zst' } });
    expect(archives()).toEqual(complete);
    expect(hosts.readBack('bf.tar.zst')).toMatchObject({ code: 0, stderr: '' });
  });

  test('run again after it was done, it changes nothing and has the same result', () => {
    const { result } = hosts.archive();
    const before = sha256(inArchives('bf.tar.zst.manifest.json'));
    expect(hosts.archive().result).toEqual(result);
    expect(sha256(inArchives('bf.tar.zst.manifest.json'))).toBe(before);
  });
});

describe('reading an archive back', () => {
  beforeEach(() => {
    hosts.archive();
  });
  afterEach(() => {
    expect(existsSync(join(hosts.work, 'scratch'))).toBe(false);
    expect(existsSync(join(hosts.root, 'serving'))).toBe(false);
  });

  test('writes the verification record beside it', () => {
    const { code, stderr, result } = hosts.readBack('bf.tar.zst');
    expect([code, stderr]).toEqual([0, '']);
    expect(result).toMatchObject({ rows: { users: 2 } });
    expect(hosts.json(inArchives('bf.tar.zst.verified.json'))).toMatchObject({
      name: 'bf.tar.zst',
      sha256: sha256(inArchives('bf.tar.zst')),
      rows: { users: 2 },
    });
  });

  test('reads it to its end, whatever follows the last file', () => {
    const archive = inArchives('bf.tar.zst');
    const padded = spawnSync('sh', ['-c', '{ zstd -d -q -c "$1"; head -c 2M /dev/zero; } | zstd -q -c', 'sh', archive]);
    writeFileSync(archive, padded.stdout);
    const manifest = `${archive}.manifest.json`;
    writeFileSync(manifest, JSON.stringify({ ...(hosts.json(manifest) as object), sha256: sha256(archive) }));
    expect(hosts.readBack('bf.tar.zst')).toMatchObject({ code: 0, stderr: '' });
  });

  test('finds the marker where rows were not counted', () => {
    expect(hosts.readBack('bf.tar.zst', { rows: [], marker: 'runbook-1' })).toMatchObject({
      code: 0,
      result: { rows: null },
    });
    expect(hosts.readBack('bf.tar.zst', { rows: [], marker: 'runbook-2' }).stderr).toContain(
      'does not hold the marker row runbook-2',
    );
  });

  test.each([
    ['a damaged archive', () => flip(inArchives('bf.tar.zst')), badArchive, /bf.tar.zst is damaged: its SHA-256 is/],
    [
      'changed sums',
      () => writeFileSync(inArchives('bf.tar.zst.sha256sums'), ''),
      badArchive,
      /sha256sums is not the one the manifest names/,
    ],
    // Nothing is known of what is not there.
    ['a missing archive', () => rmSync(inArchives('bf.tar.zst')), 1, /there is no .*bf.tar.zst/],
  ])('%s fails it and leaves no record', (_what, damage, exitCode, message) => {
    const manifest = inArchives('bf.tar.zst.manifest.json');
    damage();
    expect(existsSync(manifest)).toBe(true);
    const { code, stderr } = hosts.readBack('bf.tar.zst');
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(message);
    expect(existsSync(inArchives('bf.tar.zst.verified.json'))).toBe(false);
  });

  test('a file that does not match its sum is named', () => {
    const sums = readFileSync(inArchives('bf.tar.zst.sha256sums'), 'utf8');
    rewriteSums(sums.replace(/^[0-9a-f]{64}(?= {2}users)/m, '0'.repeat(64)));
    expect(hosts.readBack('bf.tar.zst').stderr).toContain('users: FAILED after unpacking');
  });

  test('a file the sums do not name is found', () => {
    const sums = readFileSync(inArchives('bf.tar.zst.sha256sums'), 'utf8');
    rewriteSums(sums.replace(/^.* {2}users\n/m, ''));
    expect(hosts.readBack('bf.tar.zst').stderr).toContain('holds other files than its sums name');
  });

  test('rows that differ are named with both numbers', () => {
    expect(hosts.readBack('bf.tar.zst', { rows: ['users=3'] }).stderr).toContain(
      'table users of bf.tar.zst has 2 rows, the manifest says 3',
    );
  });

  test('rows that are not those that were read before are found, as long as the same program reads them', () => {
    const record = inArchives('bf.tar.zst.verified.json');
    hosts.readBack('bf.tar.zst');
    expect(hosts.readBack('bf.tar.zst')).toMatchObject({ code: 0, stderr: '' });
    const verified = readFileSync(record, 'utf8');
    expect(verified).toMatch(/"sample":{"program":"[0-9a-f]{64}","users":"[0-9a-f]{64}"}/);
    const others = verified.replace(/"users":"[0-9a-f]{64}"/, `"users":"${'0'.repeat(64)}"`);
    writeFileSync(record, others);
    expect(hosts.readBack('bf.tar.zst')).toMatchObject({
      code: badArchive,
      stderr: expect.stringMatching(/rows of table users of bf.tar.zst are not those that were read/) as string,
    });
    expect(readFileSync(record, 'utf8')).toBe(others);
    writeFileSync(join(hosts.root, 'version'), 'v2');
    expect(hosts.readBack('bf.tar.zst')).toMatchObject({ code: 0, stderr: '' });
  });

  test('a scratch database that does not start is told with its last words', () => {
    const whole = readFileSync(join(hosts.root, 'bin', 'cockroach'), 'utf8');
    hosts.program('cockroach', 'echo "ERROR: file size mismatch" >&2; exit 1');
    expect(hosts.readBack('bf.tar.zst').stderr).toMatch(/scratch database did not start .*file size mismatch/);
    hosts.program('cockroach', whole);
  });

  test('stopped while the scratch database runs, it ends that too', async () => {
    const { program, args } = hosts.readBackProgram('bf.tar.zst');
    hosts.program('sleep', 'exec /bin/sleep "$@"');
    hosts.program('timeout', '/bin/sleep 30');
    const child = hosts.start(program, args);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await until(() => existsSync(join(hosts.root, 'serving')));
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await ended;
    await until(() => !existsSync(join(hosts.root, 'serving')));
  });

  test('what a killed one has left is ended by the next', async () => {
    const { program, args } = hosts.readBackProgram('bf.tar.zst');
    const whole = readFileSync(join(hosts.root, 'bin', 'cockroach'), 'utf8');
    hosts.program('timeout', '/bin/sleep 1; exit 1');
    const child = hosts.start(program, args);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await until(() => existsSync(join(hosts.root, 'serving')));
    child.kill('SIGKILL');
    await ended;
    expect(whole).toContain('start-single-node');
    hosts.program('timeout', 'shift; exec "$@"');
    expect(hosts.readBack('bf.tar.zst')).toMatchObject({ code: 0, stderr: '' });
  });
});

const copyOf = (path: string) => join(hosts.work, 'store', path);

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(path, bytes);
}

/** Other sums, with a manifest that agrees with them. */
function rewriteSums(text: string): void {
  const sums = inArchives('bf.tar.zst.sha256sums');
  writeFileSync(sums, text);
  const path = inArchives('bf.tar.zst.manifest.json');
  writeFileSync(path, JSON.stringify({ ...(hosts.json(path) as object), sumsSha256: sha256(sums) }));
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
