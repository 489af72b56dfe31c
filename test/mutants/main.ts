import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { breakSources, copySources } from './copy';
import { controlsFor, hunt, type Hunt, type Verdict } from './hunt';
import { loadMutants, type Mutant } from './mutant';

const usage = `npm run test:mutants                  breaks the product on purpose, one fault at a time
npm run test:mutants -- <name> ...    these only
npm run test:mutants -- --list        what there is`;

/** A layer may use a processor of its own. */
const atATime = 2;

/** @returns the exit code: 0 if every mutant was found, 1 if not, 2 for bad usage */
export async function main(project: string, words: readonly string[]): Promise<number> {
  const all = loadMutants(join(project, 'test', 'mutants'));
  const unknown = words.filter((word) => word !== '--list' && !all.some(({ name }) => name === word));
  if (unknown.length > 0) {
    console.error(unknown.includes('--help') ? usage : `no mutant ${unknown.join(', ')}; see --list\n\n${usage}`);
    return 2;
  }
  if (words.includes('--list')) {
    for (const { name, layer, broken } of all) console.log(`${name.padEnd(39)} ${layer.padEnd(11)} ${broken}`);
    return 0;
  }
  return (await runMutants(
    project,
    words.length > 0 ? all.filter(({ name }) => words.includes(name)) : all,
    console.log,
  ))
    ? 0
    : 1;
}

/**
 * Runs each mutant in a copy of the sources and tells of it, then the unbroken sources the same way.
 *
 * @returns whether all were found, and the unbroken sources pass
 */
export async function runMutants(
  project: string,
  mutants: readonly Mutant[],
  say: (line: string) => void,
): Promise<boolean> {
  // One state of the sources for all, whatever is edited meanwhile; of this process alone, as several may run at once.
  const place = join(project, 'build', 'mutants', String(process.pid));
  const unbroken = join(place, 'unbroken');
  copySources(project, unbroken);
  try {
    const ended: { mutant: Mutant; verdict: Verdict }[] = [];
    const waiting = [...mutants];
    const work = async () => {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        const verdict = await tryMutant(project, unbroken, join(place, mutant.name), mutant);
        ended.push({ mutant, verdict });
        say(line(mutant.name, mutant.layer, verdict));
      }
    };
    await Promise.all(Array.from({ length: atATime }, work));

    let sound = true;
    for (const control of controlsFor(ended)) {
      const verdict = await hunt(project, unbroken, control);
      sound &&= verdict.is === 'survived';
      say(controlLine(control, verdict));
    }
    const count = (is: Verdict['is']) => ended.filter(({ verdict }) => verdict.is === is).length;
    say(
      `${count('found')} found, ${count('survived')} survived${count('not run') > 0 ? `, ${count('not run')} not run` : ''}`,
    );
    return sound && count('found') === mutants.length;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function tryMutant(project: string, unbroken: string, root: string, mutant: Mutant): Promise<Verdict> {
  try {
    copySources(unbroken, root);
    breakSources(root, mutant.edits);
    return await hunt(project, root, mutant);
  } catch (error) {
    return { is: 'not run', why: (error as Error).message };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function line(name: string, layer: string, verdict: Verdict): string {
  const head = (word: string) => `${word.padEnd(9)} ${name.padEnd(39)} ${layer.padEnd(11)}`;
  switch (verdict.is) {
    case 'found':
      return `${head('found')} ${verdict.seeds === undefined ? '' : `${verdict.seeds} seeds: `}${verdict.by}`;
    case 'survived':
      return `${head('SURVIVED')} ${verdict.seeds === undefined ? '' : `${verdict.seeds} seeds`}`;
    case 'not run':
      return `${head('NOT RUN')} ${verdict.why}`;
  }
}

function controlLine(control: Hunt, verdict: Verdict): string {
  if (verdict.is === 'survived') return line('(nothing)', control.layer, verdict).replace('SURVIVED', 'passed  ');
  const why = verdict.is === 'found' ? verdict.by : verdict.why;
  return `the finds prove nothing: the unbroken sources fail, too: ${why}`;
}
