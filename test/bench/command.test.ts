import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { benches } from '../../bench/benches';
import { take } from '../../bench/harness/taker';

const root = join(__dirname, '..', '..');
const until = new AbortController().signal;
const words = ['step', '--case', '100 steps', '--here'];

function bench(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'bin', 'bench.js'), ...words], { encoding: 'utf8' });
}

test('--list names every bench and its cases, of which no two have the same name', () => {
  const { status, stdout } = bench('--list');
  expect(status).toBe(0);
  for (const { name, shows, cases } of benches) {
    expect(stdout).toContain(`${name}: ${shows}\n`);
    for (const quick of [true, false]) {
      const names = cases(quick).map((each) => each.name);
      expect(new Set(names).size).toBe(names.length);
    }
  }
});

test('a bench that there is not is refused, with the one that was meant', () => {
  const { status, stderr } = bench('stepp');
  expect(status).toBe(2);
  expect(stderr).toContain('no bench stepp; did you mean step?');
});

test('a case whose process fails has no result', async () => {
  const taken = take({ root, words: ['step', '--case', 'none', '--here'], minutes: 1, until });
  await expect(taken).rejects.toThrow('it has ended (exit code 2)');
});

test('a case that takes longer than it may is ended', async () => {
  await expect(take({ root, words, minutes: 0.001, until })).rejects.toThrow('not within 0.001 min');
});
