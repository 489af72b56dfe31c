import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { projectRoot } from '../../workers/project';
import { freshDirectory } from './programs';

let project: string;
const built = () => join(project, 'build', 'cli', 'a.js');

beforeAll(() => {
  project = freshDirectory();
  mkdirSync(join(project, 'build', 'cli'), { recursive: true });
  const source = [
    'interface Gone {',
    '  readonly a: string;',
    '}',
    '',
    'export function broken(): Gone {',
    "  throw new TypeError('no');",
    '}',
  ];
  const { code, map } = transformSync(source.join('\n'), {
    jsc: { parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
    sourceMaps: true,
    sourceFileName: '../../cli/a.ts',
  });
  writeFileSync(built(), code);
  writeFileSync(`${built()}.map`, map ?? '');
});

function stack(): string {
  const run = `
    require(${JSON.stringify(join(projectRoot, 'bin', 'source-lines.js'))}).mapStacksIn(${JSON.stringify(join(project, 'build'))});
    try { require(${JSON.stringify(built())}).broken() } catch (error) { console.log(error.stack) }`;
  return spawnSync(process.execPath, ['-e', run], { encoding: 'utf8' }).stdout;
}

test('a stack names the lines of the sources', () => {
  expect(stack()).toMatch(`TypeError: no\n    at Object.broken (${join(project, 'cli', 'a.ts')}:6:9)\n    at [eval]:`);
});

test('without a map it names those of the built file', () => {
  rmSync(`${built()}.map`);
  expect(stack()).toMatch(`TypeError: no\n    at Object.broken (${built()}:`);
});
