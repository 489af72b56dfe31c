import { answerText, type Asked } from '../../workflows/contract/approvals';
import { bytesText, durationText, momentText } from '../render/amounts';
import { type Style } from '../render/style';
import { table, wrap } from '../render/table';
import { stateMark } from '../follow/lines';
import { type RunReport, stepsToShow } from './report';

const width = 100;

/** A report for people, at most 100 columns wide. */
export function reportLines(report: RunReport, style: Style): string[] {
  const { runbook, site, status, startedAt, endedAt, failure, guard } = report;
  const took = durationText(Date.parse(endedAt ?? new Date().toISOString()) - Date.parse(startedAt));
  const word =
    status === 'completed' ? style.green(status) : status === 'running' ? style.cyan(status) : style.red(status);
  const facts: [string, string][] = [
    ['run', report.workflowId],
    ['started', `${momentText(startedAt)}${endedAt ? `, ended ${momentText(endedAt)}` : ''}`],
    ['production down', report.downtimeMs ? durationText(report.downtimeMs) : 'never'],
    ...(guard.status === 'none' ? [] : [['guard', guardText(report)] as [string, string]]),
    ...report.asked.flatMap((asked) => askedFacts(asked, status)),
    ...(report.jobs.length ? [['remote jobs', jobsText(report)] as [string, string]] : []),
  ];
  return [
    style.bold(`${runbook}${site ? ` of ${site}` : ''}${report.dryRun ? ' (dry run)' : ''}: `) +
      `${word} after ${took}`,
    '',
    ...table(facts, '  '),
    ...(failure ? ['', ...failureLines(failure, style)] : []),
    '',
    ...stepLines(report, style),
    ...resultLines(report.result, style),
  ];
}

/** What was asked, and what became of it; a run that was terminated has withdrawn its question. */
function askedFacts({ question, details, answer, expiresAt }: Asked, status: RunReport['status']): [string, string][] {
  const waits = status === 'running' ? `waits for an answer until ${momentText(expiresAt)}` : 'not answered';
  const outcome = answer ? `${answerText(answer)}, ${momentText(answer.at)}` : waits;
  return [['asked', question], ...[...details, outcome].map((line): [string, string] => ['', line])];
}

function guardText({ guard: { status, restored } }: RunReport): string {
  return restored.length ? `${status}, restored: ${restored.join('; ')}` : `${status}, had nothing to restore`;
}

function jobsText({ jobs }: RunReport): string {
  const again = jobs.filter(({ starts }) => starts !== 1);
  return again.length
    ? again.map(({ key, host, starts }) => `${key} on ${host} started ${starts} times`).join('; ')
    : `${jobs.length}, each started once`;
}

function failureLines({ type, message, step }: NonNullable<RunReport['failure']>, style: Style): string[] {
  // Some messages begin with the step already.
  const at = !step || message.startsWith(step) ? '' : `at "${step}": `;
  const [first = '', ...rest] = wrap(`${type} ${at}${message}`, width - 2);
  return [style.red(`  ${first}`), ...rest.map((line) => `  ${line}`)];
}

function stepLines(report: RunReport, style: Style): string[] {
  return table(
    stepsToShow(report).map(({ title, state, startedAt, endedAt, attempts }) => [
      stateMark(state, style),
      title,
      endedAt ? durationText(Date.parse(endedAt) - Date.parse(startedAt)) : '',
      attempts > 1 ? `${attempts} attempts` : '',
    ]),
    '  ',
  );
}

/** Numbers are shown by the unit in their name; what has a command of its own (`backups`) is left out. */
function resultLines(result: unknown, style: Style): string[] {
  if (typeof result !== 'object' || result === null) return [];
  const facts = Object.entries(result)
    .filter(([name]) => name !== 'backups')
    .flatMap(([name, value]) => rowsOf(name, value));
  if (!facts.length) return [];
  return ['', style.bold('  result'), ...table(facts, '  ')];
}

/** A list gets a row for each of its entries. */
function rowsOf(name: string, value: unknown): [string, string][] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  return entries
    .map((entry) => valueText(name, entry))
    .filter((text) => text)
    .map((text, index) => [index ? '' : spaced(name) || name, text]);
}

function valueText(name: string, value: unknown): string {
  if (typeof value === 'number') {
    if (/bytes$/i.test(name)) return bytesText(value);
    if (/seconds$/i.test(name)) return durationText(value * 1000);
    return /ms$/i.test(name) ? durationText(value) : String(value);
  }
  if (isNameAndReason(value)) return `${value.name} (${value.why})`;
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([key, inner]) => [spaced(key), valueText(/ms$/i.test(name) ? 'ms' : key, inner)])
      .filter(([, text]) => text)
      .map((words) => words.join(' ').trim())
      .join(', ');
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
}

function isNameAndReason(value: unknown): value is { name: string; why: string } {
  return typeof value === 'object' && value !== null && 'name' in value && 'why' in value;
}

/** `copiedAheadBytes` -> `copied ahead`; the unit is in the value. */
function spaced(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.replace(/(^| )(bytes|ms|seconds)$/, '');
}
