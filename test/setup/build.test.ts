import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../workers/project';
import { freshDirectory } from './programs';

let project: string;

beforeAll(() => {
  project = freshDirectory();
  cpSync(join(projectRoot, 'bin'), join(project, 'bin'), { recursive: true });
  for (const file of ['.swcrc', 'package-lock.json']) cpSync(join(projectRoot, file), join(project, file));
  symlinkSync(join(projectRoot, 'node_modules'), join(project, 'node_modules'));
  for (const folder of ['workflows', 'activities', 'workers', 'cli', 'lab', 'test/sim'])
    mkdirSync(join(project, folder), { recursive: true });
  writeFileSync(
    join(project, 'workflows', 'index.ts'),
    'export async function hello(): Promise<string> { return "hello"; }\n',
  );
  writeFileSync(join(project, 'cli', 'main.ts'), 'export const answer: number = 42;\n');
});

const build = () => spawnSync(process.execPath, [join(project, 'bin', 'build.js')], { encoding: 'utf8' });
const output = (file: string) => join(project, 'build', file);

test('the build follows its sources and does nothing when there is nothing to do', () => {
  expect(build()).toMatchObject({ status: 0, stdout: '', stderr: 'Building 2 files\nBundling the workflows\n' });
  expect(
    spawnSync(process.execPath, ['-p', `require(${JSON.stringify(output('cli/main'))}).answer`], { encoding: 'utf8' })
      .stdout,
  ).toBe('42\n');
  expect(readFileSync(output('cli/main.js.map'), 'utf8')).toContain('main.ts');

  const bundled = statSync(output('workflow-bundle.js')).mtimeMs;
  expect(build()).toMatchObject({ status: 0, stderr: '' });
  expect(statSync(output('workflow-bundle.js')).mtimeMs).toBe(bundled);

  appendFileSync(join(project, 'cli', 'main.ts'), 'export const more: number = 1;\n');
  expect(build().stderr).toBe('Building 1 file\n');
  expect(statSync(output('workflow-bundle.js')).mtimeMs).toBe(bundled);

  rmSync(join(project, 'cli', 'main.ts'));
  expect(build().status).toBe(0);
  expect(existsSync(output('cli/main.js'))).toBe(false);

  appendFileSync(join(project, 'workflows', 'index.ts'), 'export async function bye(): Promise<void> {}\n');
  expect(build().stderr).toBe('Building 1 file\nBundling the workflows\n');
  expect(readFileSync(output('workflow-bundle.js'), 'utf8')).toContain('index.ts');
}, 60_000);

test('a mistake in a source is said, and the next build tries again', () => {
  writeFileSync(join(project, 'cli', 'broken.ts'), 'export const = 1;\n');
  expect(build()).toMatchObject({ status: 2 });
  expect(build().stderr).toContain('broken.ts');
  rmSync(join(project, 'cli', 'broken.ts'));
  expect(build().status).toBe(0);
});
