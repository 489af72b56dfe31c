import { table } from '../../cli/render/table';
import { amountText, threeDigits } from './amounts';
import { type CaseResult, type GoalResult, type RowResult } from './result';

/** The table of a case, for the terminal and for the docs alike. */
export function tableLines({ case: name, rows }: CaseResult): string[] {
  const lines = table([
    [name, 'median', 'minimum', 'spread', 'beside the others'],
    ...rows.map((row) => [row.what, ...figures(row), row.goals.map((goal) => goalText(goal, row)).join('; ')]),
  ]);
  return [...lines, ...rows.flatMap(({ id, leftOut }) => (leftOut === null ? [] : `${id} is left out: ${leftOut}`))];
}

function figures({ summary, unit }: RowResult): string[] {
  if (!summary) return ['left out', '', ''];
  return [amountText(summary.median, unit), amountText(summary.min, unit), `${Math.round(summary.spread * 100)} %`];
}

/** `1.12 × bare, at most 1.30: reached` */
function goalText({ to, atMost, atLeast, reached, met }: GoalResult, { unit }: RowResult): string {
  const value = (bound: number) => (to === undefined ? amountText(bound, unit) : threeDigits(bound));
  const bounds = [
    ...(atLeast === undefined ? [] : [`at least ${value(atLeast)}`]),
    ...(atMost === undefined ? [] : [`at most ${value(atMost)}`]),
  ];
  const ratio = to === undefined ? [] : [reached === null ? `no ratio to ${to}` : `${threeDigits(reached)} × ${to}`];
  return [...ratio, ...bounds].join(', ') + (met === null ? '' : met ? ': reached' : ': MISSED');
}
