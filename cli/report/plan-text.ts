import { type Plan, type PlanStep } from '../../workflows/contract/plan';
import { type Style } from '../render/style';
import { wrap } from '../render/table';

const width = 100;

/** A plan for people: each step, what it would send, and whether that would change anything. */
export function planLines({ steps, digest }: Plan, style: Style): string[] {
  const changes = steps.filter(({ effect, changes }) => effect === 'change' && changes !== false).length;
  return [
    ...steps.flatMap((step, index) => stepLines(step, index, style)),
    '',
    `${steps.length} step${steps.length === 1 ? '' : 's'}, of which ${changes} would change something. Nothing has been changed.`,
    style.dim(`digest ${digest}`),
  ];
}

function stepLines(
  { title, action, effect, target, command, now, changes }: PlanStep,
  index: number,
  style: Style,
): string[] {
  const number = String(index + 1).padStart(3);
  const mark =
    action === 'ask'
      ? style.yellow('ask   ')
      : effect === 'read'
        ? style.dim('look  ')
        : changes === false
          ? style.dim('keep  ')
          : style.yellow('change');
  return [
    `${number} ${mark} ${style.bold(title)} ${style.dim(target)}`,
    ...(command ? wrap(command, width - 13).map((line, at) => `           ${at ? '  ' : '$ '}${line}`) : []),
    ...(now ? wrap(`now: ${now}`, width - 11).map((line) => style.dim(`           ${line}`)) : []),
  ];
}
