import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../workers/project';
import { freshDirectory, writeProgram } from './programs';
import { spawnSync } from 'node:child_process';

let project: string;
let path: string;

/** A project of set-up scripts and a lock, with an `npm` that only writes down that it was called. */
beforeEach(() => {
  project = freshDirectory();
  path = freshDirectory();
  cpSync(join(projectRoot, 'bin', 'setup'), join(project, 'bin', 'setup'), { recursive: true });
  writeFileSync(join(project, 'package-lock.json'), '{"lockfileVersion":3}');
  writeProgram(
    join(path, 'npm'),
    `echo "$@" >> "${project}/npm-calls"; echo "added 1 package"; mkdir -p node_modules && touch node_modules/.package-lock.json`,
  );
});

function install() {
  const code = `require(${JSON.stringify(join(project, 'bin/setup/packages.js'))}).installPackages(${JSON.stringify(project)})`;
  return spawnSync(process.execPath, ['-e', code], { env: { PATH: `${path}:/usr/bin:/bin` }, encoding: 'utf8' });
}

const npmCalls = () =>
  existsSync(join(project, 'npm-calls')) ? readFileSync(join(project, 'npm-calls'), 'utf8').trim().split('\n') : [];

test('packages are installed once, and nothing is written to stdout', () => {
  const first = install();
  expect(first.stdout).toBe('');
  expect(first.stderr).toBe('Installing packages: npm ci\nadded 1 package\n');
  expect(install()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(npmCalls()).toEqual(['ci']);
});

test('another lock means another installation', () => {
  install();
  writeFileSync(join(project, 'package-lock.json'), '{"lockfileVersion":3,"changed":true}');
  utimesSync(join(project, 'package-lock.json'), Date.now() / 1000 + 10, Date.now() / 1000 + 10);
  install();
  expect(npmCalls()).toEqual(['ci', 'ci']);
});

test('a lock that was only touched does not', () => {
  install();
  utimesSync(join(project, 'package-lock.json'), Date.now() / 1000 + 10, Date.now() / 1000 + 10);
  install();
  expect(npmCalls()).toEqual(['ci']);
});

test('what somebody installed by hand is accepted', () => {
  mkdirSync(join(project, 'node_modules'));
  copyFileSync(join(project, 'package-lock.json'), join(project, 'node_modules', '.package-lock.json'));
  expect(install().status).toBe(0);
  expect(npmCalls()).toEqual([]);
});

test('an installation that fails is the end, and says so', () => {
  writeProgram(join(path, 'npm'), 'echo "registry away" >&2; exit 7');
  const { status, stderr } = install();
  expect(status).not.toBe(0);
  expect(stderr).toContain('registry away');
  expect(stderr).toContain('npm ci failed (exit code 7)');
  expect(existsSync(join(project, 'node_modules', '.installed-lock-sha256'))).toBe(false);
});

test('an old Node is refused by name', () => {
  const code = `require(${JSON.stringify(join(project, 'bin/setup/packages.js'))}).checkNode('18.19.0')`;
  const { stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  expect(stderr).toContain('Node 18.19.0 is too old: Node 20 or newer is needed');
});
