import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { machineText } from '../../bench/harness/machine';
import { type Blow, type BlowName, blowNames, blows } from './blows';
import { type Dealt } from './case';
import { touchesSite } from './effects';
import { type Edge, type Moment, momentText } from './moments';
import { type Subject, type SubjectName, subjectNames, subjects } from './subjects';

export interface SweepResult {
  readonly subject: SubjectName;
  readonly outcomes: readonly Dealt[];
  /** Cases that there were to be; those that are missing were left out for want of time. */
  readonly planned: number;
  readonly moments: readonly Moment[];
  readonly seed: number;
  readonly tookMs: number;
  readonly labs: number;
  /** False for a part of the sweep. */
  readonly whole: boolean;
  /** The words after `npm run test:sweep`. */
  readonly words: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

/** Writes the page with the result of a sweep: that of the backup anew, that of another subject as a section of it. */
export function writeTable(file: string, result: SweepResult): void {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const now = new Date();
  const sectionIn = (title: string) => new RegExp(`^## ${title}$[^]*?(?=^## )`, 'm').exec(page)?.[0] ?? '';
  const others = subjectNames.filter((name) => name !== 'daily-backup');
  const before = others.map((name) => sectionIn(subjects[name].title));
  const sections = others
    .map((name, index) => (name === result.subject ? sectionOf(result, now) : before[index]))
    .join('');
  if (result.subject === 'daily-backup') return writeFileSync(file, pageOf(result, now, sections));
  const without = before.reduce((text, section) => text.replace(section, () => ''), page);
  writeFileSync(
    file,
    without.replace(/^(?=## What is dealt$)/m, () => sections),
  );
}

/** The section of another subject than the backup. */
export function sectionOf(result: SweepResult, now: Date): string {
  const { outcomes, moments } = result;
  const failed = outcomes.filter(({ broken }) => broken.length > 0);
  const { title, runbook }: Subject = subjects[result.subject];
  const more =
    runbook === 'restore'
      ? ` Besides what must hold after any run: the data that serves is whole, row by row the old one with every
acknowledged write or exactly the backup and what was written since; the journal of the swap says which, and leaves none half-way; nothing staged is left.`
      : '';
  return `## ${title}

The same blows, at the moments of another run, ${now.toISOString().slice(0, 10)}.

${summaryOf(result)}

Of ${moments.length} moments: ${edgesInWords(moments)}.${more}
${failed.length > 0 ? `\n${failed.map(failureOf).join('\n')}\n` : ''}
`;
}

/** The page as Markdown, as prettier would have it. @param sections of other subjects */
export function pageOf(result: SweepResult, now: Date, sections: string): string {
  const { outcomes, moments, versions } = result;
  const failed = outcomes.filter(({ broken }) => broken.length > 0);
  return `# The crash sweep

What dies, dies here: at every moment of a daily backup, in separate runs on the [lab](lab.md), with a real Temporal server and workers that are
really killed. This page is written by the command.

${summaryOf(result)}

- **Moments** are taken from the history of one undisturbed run: ${moments.length} of them, ${edgesInWords(moments)}.
- **Downtime** is what a visitor of the site saw, who reads and writes all the time; an undisturbed backup on this lab is included in it.
- **As found** is counted from the blow until production serves, the database runs, the backup server is off and the address is where it was,
  and stays so. Where the run goes on to its end that is the rest of the backup.

${sections}## What is dealt

${table([['blow', 'what happens', 'when'], ...blowNames.map((name) => [name, (blows[name] as Blow).what, whenOf(blows[name])])])}

The worker of the runs reaches the server through a gate that holds one message: the world stands still at the moment until the blow has fallen. *While
an activity runs* is a point that the seed chooses, at most as late as its answer.

Before an activity that only reads, while it does and when it is done, the site is the same, and so is what the run has to take back: what is dealt at
every moment falls there once, while it runs. \`--all\` deals every blow at every moment.

## What must hold afterwards

- Production serves, the database runs, the backup server is off, the address is at its place; no key of a pull is left, no workplace, no snapshot
  beside the store.
- Each job was launched once, by its host's own record; no acknowledged write is lost; the downtime is within the site's limit.
- Every archive that was read back is still what was read back, and none was removed without a successor.
- What the run left open its guard has closed, and people were told. The report says what the server and the visitors say. The lock is free.

A server that lost power keeps its workplace on the volume until the next backup, which empties it: that is allowed.
${failed.length > 0 ? `\n## Failed\n\n${failed.map(failureOf).join('\n')}\n` : ''}
## With what

${table([['', ''], ['date', now.toISOString()], ['machine', machineText()], ...Object.entries(versions)])}
`;
}

/** The command, what came of it, and a row for each blow. */
function summaryOf({ outcomes, planned, seed, tookMs, labs, whole, words }: SweepResult): string {
  const failed = outcomes.filter(({ broken }) => broken.length > 0);
  const command = ['node bin/crash-sweep.js', ...words].join(' ');
  return `\`\`\`
${command}
\`\`\`

${outcomes.length} cases${whole ? '' : ' (a part of the sweep)'}${planned > outcomes.length ? ` of ${planned}, the rest left out for want of time` : ''}, **${outcomes.length - failed.length} passed, ${failed.length} failed**, in ${minutes(tookMs)} on ${labs} labs side by side; seed ${seed}.

${table([
  ['blow', 'moments', 'passed', 'worst downtime', 'worst time to as found', 'how the runs ended'],
  ...blowNames.filter((name) => outcomes.some(({ blow }) => blow === name)).map((name) => rowOf(name, outcomes)),
])}`;
}

function rowOf(name: BlowName, all: readonly Dealt[]): string[] {
  const outcomes = all.filter(({ blow }) => blow === name);
  const passed = outcomes.filter(({ broken }) => broken.length === 0);
  const worst = (key: 'downtimeMs' | 'asFoundMs') =>
    `${(Math.max(...outcomes.map((each) => each[key])) / 1000).toFixed(1)} s`;
  const endings = new Map<string, number>();
  for (const { status } of outcomes) endings.set(status ?? 'unknown', (endings.get(status ?? 'unknown') ?? 0) + 1);
  const ended = [...endings].map(([status, count]) => `${count} ${status}`).join(', ');
  return [name, String(outcomes.length), String(passed.length), worst('downtimeMs'), worst('asFoundMs'), ended];
}

function whenOf({ edges, between, at }: Blow): string {
  const which = at === touchesSite ? 'activity of cloud or hosts' : at ? 'change' : 'activity';
  const when = edges.length > 1 ? 'every moment' : `while each ${which} runs`;
  return between ? `${when}, from ${between[0]} to ${between[1]}` : when;
}

function edgesInWords(moments: readonly Moment[]): string {
  const count = (edge: Edge) => moments.filter((moment) => moment.edge === edge).length;
  return (
    `before each of ${count('begins')} activities begins, while it runs, when it is done and its answer is not yet recorded, ` +
    `and each of ${count('decides')} workflow tasks when it has decided and that is not yet recorded`
  );
}

function failureOf({ subject, blow, moment, seed, broken }: Dealt): string {
  const command = `node bin/crash-sweep.js --subject ${subject} --blow ${blow} --moment ${moment.id} --seed ${seed}`;
  return `- **${blow}**, ${momentText(moment)}: ${broken.map((each) => each.split('\n')[0]).join('; ')}. \`${command}\``;
}

const minutes = (ms: number): string =>
  ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;

/** A Markdown table with its columns aligned. */
function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
