import { bytesText } from '../../cli/render/amounts';

/** What a figure counts; one with a slash is a rate, whose name is shown as it is. */
export type Unit = 'ms' | 'bytes' | `${string}/${string}`;

/** A figure for people: three digits and its unit. */
export function amountText(value: number, unit: Unit): string {
  if (unit === 'bytes') return bytesText(value);
  if (unit !== 'ms') return `${threeDigits(value)} ${unit}`;
  if (value < 999.5) return `${threeDigits(value)} ms`;
  return value < 99_950 ? `${threeDigits(value / 1000)} s` : `${threeDigits(value / 60_000)} min`;
}

/** `0.123`, `1.23`, `12.3`, `123`, `1,234`. */
export function threeDigits(value: number): string {
  const digits = Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
