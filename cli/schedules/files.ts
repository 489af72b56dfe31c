import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { fileProblemText, type FileProblem, parseYamlFile } from '../../activities/site/yaml-file';
import { nearest } from '../../workflows/contract/nearest';
import { parseWith, type Problem } from '../../workflows/contract/problems';
import { type RunbookName, runbooks } from '../../workflows/contract/runbooks';
import { runbookDocument, type ScheduleDocument } from '../../workflows/contract/schedules';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { oddTimes } from './odd-times';
import { declare, type Declared, scheduleIdOf } from './schedule';
import { declaredTiming } from './timing';
import { upcoming } from './upcoming';

/** A runbook file, and what is to be said about it. */
export interface RunbookFile {
  readonly file: string;
  readonly problems: readonly FileProblem[];
  /** What is as written, and perhaps not as meant. */
  readonly warnings: readonly FileProblem[];
  readonly schedules: readonly { readonly runbook: RunbookName; readonly document: ScheduleDocument }[];
}

/** `RUNBOOK_FILES`, else `runbooks` in the project. */
export function runbookDirectory({ env, root }: Pick<Context, 'env' | 'root'>): string {
  return env.RUNBOOK_FILES ?? join(root, 'runbooks');
}

/** The runbook files there are. */
export function runbookFiles(context: Pick<Context, 'env' | 'root'>): readonly string[] {
  const directory = runbookDirectory(context);
  const names = existsSync(directory) ? readdirSync(directory).sort() : [];
  return names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(directory, name));
}

/**
 * Everything that all runbook files declare, for the sites they name.
 *
 * @throws exit code 2 with every problem of every file
 */
export async function declaredSchedules(context: Context): Promise<readonly Declared[]> {
  const files = runbookFiles(context).map((file) =>
    parseRunbookFile(file, readFileSync(file, 'utf8'), context.sites.names(), Date.now()),
  );
  const problems = files.flatMap((each) => each.problems);
  if (problems.length) throw new CommandError(ExitCode.usage, problems.map(fileProblemText).join('\n'));
  const declared: Declared[] = [];
  for (const { runbook, document } of files.flatMap(({ schedules }) => schedules))
    for (const site of document.sites ?? context.sites.names()) {
      const { queue } = (await context.sites.load(site)).document;
      declared.push(declare(runbook, document, site, queue));
    }
  return declared;
}

/**
 * Parses the text of a runbook file, whose name says which runbook it is about.
 *
 * @param sites those that have a file
 * @param now epoch ms; warnings are about the 13 months that follow
 */
export function parseRunbookFile(file: string, text: string, sites: readonly string[], now: number): RunbookFile {
  const parsed = parseYamlFile(runbookDocument, file, text);
  if (!parsed.ok) return { file, problems: parsed.problems, warnings: [], schedules: [] };
  const { value, place } = parsed;
  const runbook = parse(file).name;
  if (!isRunbook(runbook)) {
    const message = unknown('runbook', runbook, Object.keys(runbooks));
    return { file, problems: [place({ path: [], message, atKey: true })], warnings: [], schedules: [] };
  }
  const ids = new Set<string>();
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  value.schedules.forEach((document, index) => {
    const at = (...path: (string | number)[]) => ['schedules', index, ...path];
    document.sites?.forEach((site, item) => {
      if (!sites.includes(site))
        problems.push({ path: at('sites', item), message: unknown('site', site, sites), atKey: false });
    });
    for (const id of (document.sites ?? sites).map((site) => scheduleIdOf(runbook, site, document.name))) {
      if (ids.has(id))
        problems.push({ path: at(), message: `${id} is declared twice; give one of them a name`, atKey: false });
      ids.add(id);
    }
    problems.push(...inputProblems(runbook, document).map((each) => ({ ...each, path: at('input', ...each.path) })));
    const timing = declaredTiming(document);
    const key = document.cron !== undefined ? 'cron' : document.calendar ? 'calendar' : 'interval';
    if (upcoming(timing, now).next().done) problems.push({ path: at(key), message: 'never due', atKey: false });
    for (const message of oddTimes(timing, now)) warnings.push({ path: at(key), message, atKey: false });
  });
  return {
    file,
    problems: problems.map(place),
    warnings: warnings.map(place),
    schedules: value.schedules.map((document) => ({ runbook, document })),
  };
}

const isRunbook = (name: string): name is RunbookName => Object.hasOwn(runbooks, name);

function inputProblems(runbook: RunbookName, { input }: ScheduleDocument): readonly Problem[] {
  if ('site' in input) return [{ path: ['site'], message: 'not here: sites says for which', atKey: true }];
  const parsed = parseWith(runbooks[runbook].input, input);
  return parsed.ok ? [] : parsed.problems;
}

function unknown(kind: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const others = known.length ? `expected one of ${known.join(', ')}` : 'there is none';
  return `there is no ${kind} ${name}, ${others}${meant ? `; did you mean ${meant}?` : ''}`;
}
