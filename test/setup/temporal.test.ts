import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshDirectory, runScript, versionOf, writeProgram } from './programs';

let home: string;
let path: string;

beforeEach(() => {
  home = freshDirectory();
  path = freshDirectory();
});

// Nothing may leave the machine: whatever wants to download is sent to a port where nobody is.
const offline = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
const systemPath = '/usr/bin:/bin';
const getTemporal = () =>
  runScript('bin/temporal.js', [], {
    HOME: home,
    PATH: `${path}:${systemPath}`,
    XDG_CACHE_HOME: join(home, 'cache'),
    ...offline,
  });
const installed = () => join(home, 'cache', 'temporal-runbooks', 'temporal-1.5.1', 'temporal');

/** A `go` that installs a Temporal CLI at once. */
function writeGo(): void {
  const program = `#!/bin/sh\\n${versionOf('1.29.1').replaceAll('"', '\\"')}\\n`;
  writeProgram(
    join(path, 'go'),
    `[ "$1" = version ] && exit 0; echo x >> "$HOME/installs"; printf "${program}" > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
  );
}

test('a temporal on the PATH is used, without a word', async () => {
  writeProgram(join(path, 'temporal'), versionOf('1.29.1'));
  expect(await getTemporal()).toEqual({ status: 0, stdout: `${join(path, 'temporal')}\n`, stderr: '' });
});

test('one on the PATH that is too old is passed over for a copy installed before', async () => {
  writeProgram(join(path, 'temporal'), versionOf('1.24.2'));
  writeProgram(installed(), versionOf('1.29.1'));
  expect(await getTemporal()).toEqual({ status: 0, stdout: `${installed()}\n`, stderr: '' });
});

test('with nothing at hand the download is tried, then go install, which is announced with its time', async () => {
  writeGo();
  const { status, stdout, stderr } = await getTemporal();
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${installed()}\n` });
  expect(stderr).toMatch(
    /SDK's own download\n[^]*go install -trimpath -ldflags=-s -w github\.com\/temporalio\/cli\/cmd\/temporal@v1\.5\.1 \(2-3 minutes, once\)\nInstalled /,
  );
  expect(readdirSync(join(installed(), '..'))).toEqual(['temporal']);
});

test('two that need it at once install it once', async () => {
  writeGo();
  const both = await Promise.all([getTemporal(), getTemporal()]);
  expect(both.map(({ stdout }) => stdout)).toEqual([`${installed()}\n`, `${installed()}\n`]);
  expect(readFileSync(join(home, 'installs'), 'utf8')).toBe('x\n');
  expect(both.map(({ stderr }) => stderr).join('')).toContain('is getting the Temporal CLI: waiting for it');
});

test('if all fails, one message tells what was tried and what would help', async () => {
  writeProgram(join(path, 'temporal'), 'exit 1');
  const { status, stdout, stderr } = await getTemporal();
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).toContain(`on the PATH: ${join(path, 'temporal')} does not run (exit code 1)`);
  expect(stderr).toContain('a copy installed before: no ');
  expect(stderr).toContain("the SDK's download: ");
  expect(stderr).toContain('go install: no `go` on the PATH');
  expect(stderr).toContain('Any one of these helps: put `temporal` on the PATH');
  expect(existsSync(installed())).toBe(false);
});
