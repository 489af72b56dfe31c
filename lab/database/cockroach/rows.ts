import type { QueryArrayResult } from 'pg';
import { CommandFailure } from './failure';

/** The formats the stand-in prints; the real program has more. */
export type RowFormat = 'csv' | 'tsv';

/** @throws CommandFailure in the words of the real program, for any other format. */
export function parseRowFormat(text: string): RowFormat {
  if (text === 'csv' || text === 'tsv') return text;
  throw new CommandFailure(
    `invalid argument "${text}" for "--format" flag: invalid table display format: ${text} (possible values: tsv, csv)`,
  );
}

const BOOL = 16;
const BYTEA = 17;
const TIMESTAMPTZ = 1184;

/** A value in PostgreSQL's text form as `cockroach` writes it: NULL is the bare word, indistinguishable from the string. */
function renderValue(value: string | null, type: number): string {
  if (value === null) return 'NULL';
  if (type === BOOL) return value === 't' ? 'true' : 'false';
  if (type === TIMESTAMPTZ) return value.replace(/([+-]\d\d)$/, '$1:00');
  if (type !== BYTEA) return value;
  return [...Buffer.from(value.slice(2), 'hex')]
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`))
    .join('');
}

/** Rows as CSV or TSV: header always, fields quoted only where they need it, quotes doubled. */
export function renderRows(header: readonly string[], rows: readonly (readonly string[])[], format: RowFormat): string {
  const separator = format === 'csv' ? ',' : '\t';
  const quote = (field: string) =>
    field.includes(separator) || /["\r\n]|^ /.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
  return [header, ...rows].map((row) => row.map(quote).join(separator) + '\n').join('');
}

/** A statement's result: its rows, or the tag line (`INSERT 3`, `CREATE TABLE`) of a statement that has none. */
export function renderResult(
  result: QueryArrayResult<(string | null)[]>,
  statement: string,
  format: RowFormat,
): string {
  if (result.fields.length === 0) return renderTag(result.command, result.rowCount, statement);
  const rows = result.rows.map((row) =>
    row.map((value, column) => renderValue(value, result.fields[column]?.dataTypeID ?? 0)),
  );
  return renderRows(
    result.fields.map((field) => field.name),
    rows,
    format,
  );
}

function renderTag(command: string | null, count: number | null, statement: string): string {
  if (!command) return '';
  if (['INSERT', 'UPDATE', 'DELETE'].includes(command)) return `${command} ${count ?? 0}\n`;
  // The driver keeps only the first word of a tag such as CREATE TABLE.
  const words = new RegExp(`\\b${command}\\s+\\w+`, 'i').exec(statement)?.[0] ?? command;
  return ['CREATE', 'ALTER', 'DROP'].includes(command) ? `${words.toUpperCase()}\n` : `${command}\n`;
}
