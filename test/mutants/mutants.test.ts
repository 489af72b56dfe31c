import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runMutants } from './main';
import { applyEdit, loadMutants, type Mutant } from './mutant';

const checkout = join(__dirname, '..', '..');
const mutants = loadMutants(__dirname);

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'what %s breaks is there exactly once',
  (_name, mutant) => {
    const texts = new Map<string, string>();
    for (const edit of mutant.edits) {
      const text = texts.get(edit.file) ?? readFileSync(join(checkout, edit.file), 'utf8');
      texts.set(edit.file, applyEdit(text, edit));
    }
    if (mutant.layer === 'activities')
      for (const path of mutant.tests) expect([path, existsSync(join(checkout, path))]).toEqual([path, true]);
  },
);

describe('running mutants', () => {
  let project: string;
  const file = (path: string, text: string) => {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  };
  /** A project of one function and one test. Its simulation finds at seed 7 what `broken` says of the sources. */
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'mutants-'));
    symlinkSync(join(checkout, 'node_modules'), join(project, 'node_modules'));
    file('.swcrc', readFileSync(join(checkout, '.swcrc'), 'utf8'));
    file('package.json', '{}');
    file('jest.config.js', `module.exports = { transform: { '^.+\\\\.ts$': '@swc/jest' } };`);
    file('add.ts', 'export const add = (a: number, b: number) => a + b;\n');
    file(
      'add.test.ts',
      `import { add } from './add';\ntest('two and two', () => expect(add(2, 2)).toBe(4));\ntest('noise', () => expect(1).toBe(2));\n`,
    );
    file(
      'bin/sim.js',
      `const [seeds, root] = ['--seeds', '--root'].map((name) => process.argv[process.argv.indexOf(name) + 1]);
      const broken = require('node:fs').readFileSync(root + '/add.ts', 'utf8').includes('a - b') && Number(seeds) >= 7;
      const failure = broken ? { seed: 7, invariant: 'sums', message: '2 and 2 are 0' } : null;
      console.log(JSON.stringify({ seeds: broken ? 7 : Number(seeds), failure }));
      process.exitCode = broken ? 1 : 0;`,
    );
  });
  afterEach(() => rmSync(project, { recursive: true, force: true }));

  const broken = (find: string, replace: string) => ({
    broken: 'It does not add.',
    edits: [{ file: 'add.ts', find, replace }],
  });
  const ofTests = (name: string, find: string, replace: string): Mutant => ({
    name,
    layer: 'activities',
    tests: ['add.test.ts'],
    only: '^two',
    ...broken(find, replace),
  });
  const ofSimulation = (name: string, find: string, replace: string, seeds = 100): Mutant => ({
    name,
    layer: 'simulation',
    runbook: 'daily-backup',
    seeds,
    ...broken(find, replace),
  });
  async function run(...mutants: Mutant[]) {
    const said: string[] = [];
    const ok = await runMutants(project, mutants, (line) => said.push(line.replace(/ +/g, ' ').trim()));
    return { ok, said };
  }

  test('one that a test notices is found, and the test is named', async () => {
    expect(await run(ofTests('minus', 'a + b', 'a - b'))).toEqual({
      ok: true,
      said: ['found minus activities two and two', 'passed (nothing) activities', '1 found, 0 survived'],
    });
  });

  test('one that changes nothing survives, and fails the whole', async () => {
    const { ok, said } = await run(ofTests('same', 'a + b', 'b + a'), ofSimulation('calm', 'a + b', 'b + a'));
    expect(ok).toBe(false);
    expect(said.sort()).toEqual([
      '0 found, 2 survived',
      'SURVIVED calm simulation 100 seeds',
      'SURVIVED same activities',
    ]);
  });

  test('one that the simulation notices is found with its seeds and its invariant, if it is given seeds enough', async () => {
    const [enough, few] = [ofSimulation('minus', 'a + b', 'a - b'), ofSimulation('minus', 'a + b', 'a - b', 6)];
    expect(await run(enough)).toEqual({
      ok: true,
      said: [
        'found minus simulation 7 seeds: sums: 2 and 2 are 0 (seed 7)',
        'passed (nothing) simulation 7 seeds',
        '1 found, 0 survived',
      ],
    });
    expect(await run(few)).toMatchObject({
      ok: false,
      said: ['SURVIVED minus simulation 6 seeds', '0 found, 1 survived'],
    });
  });

  test('one that does not apply, does not load, or is not run, is not found', async () => {
    const { ok, said } = await run(
      ofTests('rotten', 'a * b', 'a - b'),
      ofTests('ambiguous', 'a', 'b'),
      ofTests('no-code', 'a + b', 'a +'),
      { ...ofTests('no-file', 'a + b', 'a - b'), tests: ['gone.test.ts'] } as Mutant,
      { ...ofTests('no-test', 'a + b', 'a - b'), only: 'three' } as Mutant,
    );
    expect(ok).toBe(false);
    expect(said.at(-1)).toBe('0 found, 0 survived, 5 not run');
    expect(said.join('\n')).toContain('NOT RUN rotten activities add.ts holds nothing of: a * b');
    rmSync(join(project, 'bin/sim.js'));
    expect(await run(ofSimulation('minus', 'a + b', 'a - b'))).toMatchObject({ ok: false });
  });

  test('a find in sources that fail unbroken, too, proves nothing', async () => {
    file('add.test.ts', `test('two fail always', () => expect(1).toBe(2));\n`);
    const { ok, said } = await run(ofTests('same', 'a + b', 'b + a'));
    expect(ok).toBe(false);
    expect(said[1]).toContain('the finds prove nothing: the unbroken sources fail, too: two fail always');
  });

  test('the project itself is not touched, and nothing is left in it', async () => {
    const before = readFileSync(join(project, 'add.ts'), 'utf8');
    await run(ofSimulation('minus', 'a + b', 'a - b'));
    expect(readFileSync(join(project, 'add.ts'), 'utf8')).toBe(before);
    expect(existsSync(join(project, 'build', 'mutants', String(process.pid)))).toBe(false);
  });
});
