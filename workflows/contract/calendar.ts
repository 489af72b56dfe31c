/** Every second whose clock time, in the schedule's zone, has one of the values in every field. */
export interface Calendar {
  readonly second: readonly number[];
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfMonth: readonly number[];
  readonly month: readonly number[];
  /** 0 is Sunday. */
  readonly dayOfWeek: readonly number[];
  /** Null: every year. */
  readonly year: readonly number[] | null;
}

/** A field's limits and the names that may stand for its numbers, beginning with the least. */
interface Field {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The fields in the order of a cron line. */
export const cronFields = {
  minute: { label: 'minute', least: 0, most: 59 },
  hour: { label: 'hour', least: 0, most: 23 },
  dayOfMonth: { label: 'day of month', least: 1, most: 31 },
  month: { label: 'month', least: 1, most: 12, names: months },
  dayOfWeek: { label: 'day of week', least: 0, most: 6, names: days },
} as const satisfies Record<string, Field>;
export type CronField = keyof typeof cronFields;

const fieldNames = Object.keys(cronFields) as CronField[];

/** What a text means, or why it means nothing. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** A cron line of five fields. Both a day of the month and of the week is refused: crons differ in what it means. */
export function parseCron(line: string): Parsed<Calendar> {
  const texts = line.trim().split(/\s+/);
  if (texts.length !== fieldNames.length)
    return { ok: false, message: 'expected five fields: minute hour day-of-month month day-of-week' };
  const [, , dayOfMonth, , dayOfWeek] = texts;
  if (dayOfMonth !== '*' && dayOfWeek !== '*')
    return {
      ok: false,
      message: 'expected * as day of month or as day of week; for days that are both, write a calendar',
    };
  return parseCalendar(Object.fromEntries(fieldNames.map((name, index) => [name, texts[index]])) as CalendarTexts);
}

/** A calendar's fields in cron's notation. */
export type CalendarTexts = Readonly<Record<CronField, string>>;

/** A calendar of fields in cron's notation; a moment has to match all of them. */
export function parseCalendar(texts: CalendarTexts): Parsed<Calendar> {
  const values: Partial<Record<CronField, readonly number[]>> = {};
  for (const name of fieldNames) {
    const parsed = parseField(texts[name], name);
    if (!parsed.ok) return parsed;
    values[name] = parsed.value;
  }
  return { ok: true, value: { second: [0], year: null, ...(values as Record<CronField, readonly number[]>) } };
}

/** `*`, `5`, `1-5`, `mon-fri`, `*\/15`, and lists of those. */
export function parseField(text: string, name: CronField): Parsed<readonly number[]> {
  const field: Field = cronFields[name];
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const range = rangeOf(part, field);
    if (!range) return { ok: false, message: `${field.label} ${JSON.stringify(text)}: expected ${expectation(field)}` };
    for (let value = range.first; value <= range.last; value += range.step)
      values.add(field.label === 'day of week' ? value % 7 : value);
  }
  return { ok: true, value: [...values].sort((a, b) => a - b) };
}

function rangeOf(part: string, field: Field) {
  const [, star, from, to, every] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/([1-9]\d*))?$/.exec(part) ?? [];
  const first = star ? field.least : numberOf(from, field);
  // As servers of schedules read it, `5/15` goes on from 5 to the end.
  const last = to !== undefined ? numberOf(to, field) : star || every ? field.most : first;
  if (first === null || last === null || last < first) return null;
  return { first, last, step: Number(every ?? 1) };
}

function numberOf(text: string | undefined, { least, most, names }: Field): number | null {
  const named = names?.indexOf(text?.toLowerCase() ?? '') ?? -1;
  const value = named >= 0 ? named + least : /^\d+$/.test(text ?? '') ? Number(text) : NaN;
  // Sunday is 0, and 7 as well.
  return value >= least && value <= (names === days ? 7 : most) ? value : null;
}

function expectation({ least, most, names }: Field): string {
  const words = names ? `, ${names[0]}-${names.at(-1)}` : '';
  return `${least}-${most}${words}, *, or ranges, steps and lists of them like ${least}-${least + 3} or */2`;
}

/** The calendar in cron's notation: one text for one meaning, with seconds in front and years behind where they matter. */
export function calendarText(calendar: Calendar): string {
  const { second, year } = calendar;
  const fields = fieldNames.map((name) => fieldText(calendar[name], cronFields[name]));
  if (second.join() !== '0') fields.unshift(fieldText(second, { label: 'second', least: 0, most: 59 }));
  if (year) fields.push(`year ${runsText(year)}`);
  return fields.join(' ');
}

function fieldText(values: readonly number[], { least, most }: Field): string {
  if (values.length === most - least + 1) return '*';
  const step = (values[1] ?? 0) - (values[0] ?? 0);
  const even = values.length > 2 && values.every((value, index) => value === least + index * step);
  return even && step > 1 && (values.at(-1) ?? 0) + step > most ? `*/${step}` : runsText(values);
}

/** `1-5,7` */
function runsText(values: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run && run[1] === value - 1) run[1] = value;
    else runs.push([value, value]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
