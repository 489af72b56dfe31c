import { type Asked } from '../../workflows/contract/approvals';
import { type Progress } from '../../activities/implementation';
import { bytesText, durationText, momentText } from '../render/amounts';
import { type Style } from '../render/style';
import { cut } from '../render/table';
import { type StepReport, stepsToShow } from '../report/report';
import { type Observation, type UnderWay } from './observer';
import { type Pace } from './rate';

export interface ViewOptions {
  readonly now: number;
  readonly width: number;
  /** Lines there are room for. */
  readonly height: number;
  readonly style: Style;
  /** Counts up, to turn the spinner. */
  readonly frame: number;
  readonly paceOf: (activity: UnderWay) => Pace | null;
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** A run as a block of lines: its steps, the one under way with its bar, and what it waits for. */
export function runLines(observation: Observation, options: ViewOptions): string[] {
  const { report, underWay, waitsFor, asks } = observation;
  const steps = stepsToShow(report).map((step) => stepLine(step, options));
  const below = underWay.flatMap((activity) => activityLines(activity, options));
  if (waitsFor)
    below.push(
      options.style.yellow(cut(`  waits for ${waitsFor.heldBy} (${waitsFor.position} in line)`, options.width)),
    );
  if (asks)
    for (const line of askLines(asks, report.workflowId))
      below.push(options.style.yellow(cut(`  ${line}`, options.width)));
  for (const title of report.guard.restored) below.push(cut(`  the guard restored: ${title}`, options.width));
  const head = options.style.bold(cut(`${report.runbook}${report.site ? ` of ${report.site}` : ''}`, options.width));
  return [head, ...folded(steps, Math.max(3, options.height - below.length - 2)), ...below];
}

/** A question, what has to be known to answer it, and how to. */
export function askLines({ question, details, expiresAt }: Asked, workflowId: string): string[] {
  return [
    `asks: ${question}`,
    ...details.map((detail) => `  ${detail}`),
    `  yes: runbook approve ${workflowId}`,
    `  no:  runbook reject ${workflowId} --why <reason>`,
    `  no answer by ${momentText(expiresAt)} means no`,
  ];
}

/** The newest steps stay; the ones before them become a number. */
function folded(steps: readonly string[], room: number): string[] {
  if (steps.length <= room) return [...steps];
  const hidden = steps.length - room + 1;
  return [`  … ${hidden} steps before`, ...steps.slice(hidden)];
}

function stepLine(step: StepReport, { now, width, style, frame }: ViewOptions): string {
  const took = durationText((step.endedAt ? Date.parse(step.endedAt) : now) - Date.parse(step.startedAt));
  const attempts = step.attempts > 1 ? ` (attempt ${step.attempts})` : '';
  const title = cut(step.title + attempts, width - took.length - 6);
  return `  ${stateMark(step.state, style, frame)} ${title.padEnd(Math.min(70, width - took.length - 6))} ${style.dim(took)}`;
}

/** `✓`, `✗`, `-`, or the spinner. */
export function stateMark(state: StepReport['state'], style: Style, frame = 0): string {
  switch (state) {
    case 'done':
      return style.green('✓');
    case 'failed':
      return style.red('✗');
    case 'skipped':
      return style.dim('-');
    case 'running':
      return style.cyan(spinner[frame % spinner.length] ?? '·');
  }
}

function activityLines(activity: UnderWay, options: ViewOptions): string[] {
  const { style, width, paceOf } = options;
  const lines: string[] = [];
  if (activity.byGuard) lines.push(style.yellow(cut(`  the guard: ${activity.title}`, width)));
  if (activity.progress)
    lines.push(
      `    ${style.cyan(bar(activity.progress, 24))} ${cut(progressText(activity.progress, paceOf(activity)), width - 30)}`,
    );
  if (activity.trouble)
    lines.push(style.yellow(cut(`    attempt ${activity.attempt}, before: ${activity.trouble}`, width)));
  return lines;
}

function bar({ done, total }: Progress, width: number): string {
  if (!total) return '·'.repeat(width);
  const full = Math.round(Math.min(1, done / total) * width);
  return '━'.repeat(full) + '─'.repeat(width - full);
}

/** `45 %, 90.1 MB of 200 MB, 85 MB/s, 1.3 s left`; of a wait `waiting until backup answers SSH, 12 s of at most 120 s` */
export function progressText({ done, total, unit, note }: Progress, pace: Pace | null): string {
  if (unit === 'seconds')
    return [...(note ? [note] : []), `${done} s${total ? ` of at most ${total} s` : ''}`].join(', ');
  const amount = (value: number) => (unit === 'bytes' ? bytesText(value) : String(Math.round(value)));
  const parts = [
    ...(total
      ? [`${Math.floor(Math.min(1, done / total) * 100)} %`, `${amount(done)} of ${amount(total)}`]
      : [amount(done)]),
    ...(pace ? [`${amount(pace.perSecond)}/s`] : []),
    ...(pace?.leftMs ? [`${durationText(pace.leftMs)} left`] : []),
    ...(note ? [note] : []),
  ];
  return parts.join(', ');
}
