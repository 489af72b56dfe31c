import { calendarText, parseCalendar, parseCron } from '../../workflows/contract/calendar';
import { parseRunbookFile } from '../../cli/schedules/files';
import { fileProblemText } from '../../activities/site/yaml-file';
import { declaredTiming, type Timing } from '../../cli/schedules/timing';
import { upcoming } from '../../cli/schedules/upcoming';
import { clockText } from '../../cli/schedules/zone';
import { runbookDocument } from '../../workflows/contract/schedules';

function timing(fields: object): Timing {
  const { schedules } = runbookDocument.parse({ schedules: [{ note: 'n', timeZone: 'Europe/Berlin', ...fields }] });
  return declaredTiming(schedules[0]!);
}

/** `local -> UTC`, and what is odd about it. */
function coming(fields: object, from: string, count: number): string[] {
  const found: string[] = [];
  for (const { at, clockMs, remark } of upcoming(timing(fields), Date.parse(from))) {
    const utc = remark === 'does not exist' ? 'no run' : new Date(at).toISOString().slice(0, 16);
    found.push(`${clockText(clockMs)} -> ${utc}${remark ? `, ${remark}` : ''}`);
    if (found.length === count) break;
  }
  return found;
}

describe('the coming moments', () => {
  const nightly = { cron: '30 2 * * *' };
  test('a time over which clocks are put forward does not exist', () => {
    expect(coming(nightly, '2027-03-27T00:00:00Z', 3)).toEqual([
      '2027-03-27 02:30 -> 2027-03-27T01:30',
      '2027-03-28 02:30 -> no run, does not exist',
      '2027-03-29 02:30 -> 2027-03-29T00:30',
    ]);
  });
  test('a time over which clocks are put back exists twice', () => {
    expect(coming(nightly, '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25 02:30 -> 2026-10-25T00:30, exists twice',
      '2026-10-25 02:30 -> 2026-10-25T01:30, exists twice',
      '2026-10-26 02:30 -> 2026-10-26T01:30',
    ]);
  });
  test('between the two moments of a time that exists twice the second is still to come', () => {
    expect(coming(nightly, '2026-10-25T00:30:00Z', 1)).toEqual(['2026-10-25 02:30 -> 2026-10-25T01:30, exists twice']);
  });
  test('a time that does not exist does not hide the one that clocks show instead', () => {
    expect(coming({ cron: '0 2,3 * * *' }, '2027-03-28T00:00:00Z', 2)).toEqual([
      '2027-03-28 02:00 -> no run, does not exist',
      '2027-03-28 03:00 -> 2027-03-28T01:00',
    ]);
  });
  test('two calendars that mean the same moment mean one run', () => {
    const calendar = [{ hour: 4 }, { hour: '4,5' }];
    expect(coming({ calendar }, '2026-11-21T00:00:00Z', 2)).toEqual([
      '2026-11-21 04:00 -> 2026-11-21T03:00',
      '2026-11-21 05:00 -> 2026-11-21T04:00',
    ]);
  });
  test('where every hour is meant no time is missing as clocks are put forward', () => {
    expect(coming({ cron: '0 * * * *' }, '2027-03-28T00:00:00Z', 2)).toEqual([
      '2027-03-28 03:00 -> 2027-03-28T01:00',
      '2027-03-28 04:00 -> 2027-03-28T02:00',
    ]);
  });
  test('a zone whose clocks are put back by half an hour', () => {
    expect(coming({ cron: '45 1 * * *', timeZone: 'Australia/Lord_Howe' }, '2027-04-03T12:00:00Z', 3)).toEqual([
      '2027-04-04 01:45 -> 2027-04-03T14:45, exists twice',
      '2027-04-04 01:45 -> 2027-04-03T15:15, exists twice',
      '2027-04-05 01:45 -> 2027-04-04T15:15',
    ]);
  });
  test('fields of a calendar have to match all at once: the first Saturday of a month', () => {
    const calendar = [{ hour: 3, dayOfMonth: '1-7', dayOfWeek: 'sat' }];
    expect(coming({ calendar }, '2026-11-21T00:00:00Z', 2)).toEqual([
      '2026-12-05 03:00 -> 2026-12-05T02:00',
      '2027-01-02 03:00 -> 2027-01-02T02:00',
    ]);
  });
  test('a leap day is found, and a day that never is ends the search', () => {
    expect(coming({ cron: '0 0 29 2 *' }, '2026-11-21T00:00:00Z', 1)).toEqual(['2028-02-29 00:00 -> 2028-02-28T23:00']);
    expect(coming({ cron: '0 0 30 2 *' }, '2026-11-21T00:00:00Z', 1)).toEqual([]);
  });
  test('an interval is counted from the epoch, whatever clocks show, and leaves out the skipped dates of the zone', () => {
    const interval = { everySeconds: 6 * 3600, offsetSeconds: 1800 };
    expect(coming({ interval, skip: ['2026-11-22'] }, '2026-11-21T12:00:00Z', 4)).toEqual([
      '2026-11-21 13:30 -> 2026-11-21T12:30',
      '2026-11-21 19:30 -> 2026-11-21T18:30',
      '2026-11-23 01:30 -> 2026-11-23T00:30',
      '2026-11-23 07:30 -> 2026-11-23T06:30',
    ]);
  });
});

test.each([
  ['0 2 * * *', '0 2 * * *'],
  ['*/15 0-23 * 1-12 0-6', '*/15 * * * *'],
  ['00,30,15,45 2 * * *', '*/15 2 * * *'],
  ['5 4 * * MON-fri,7', '5 4 * * 0-5'],
  ['1,2,3,7 9/6 1,15 jan *', '1-3,7 9,15,21 1,15 1 *'],
])('cron %s means %s', (line, text) => {
  const parsed = parseCron(line);
  expect(parsed.ok && calendarText(parsed.value)).toBe(text);
});

test.each([
  ['0 25 * * *', 'hour "25": expected 0-23, *, or ranges, steps and lists of them like 0-3 or */2'],
  ['0 2 * * fri-mon', 'day of week "fri-mon": expected 0-6, sun-sat, *, or ranges, steps and lists of them'],
  ['0 2 1 * 1', 'expected * as day of month or as day of week; for days that are both, write a calendar'],
  ['@daily', 'expected five fields: minute hour day-of-month month day-of-week'],
  ['*/0 2 * * *', 'minute "*/0": expected 0-59'],
])('cron %s is refused', (line, message) => {
  expect(parseCron(line)).toEqual({ ok: false, message: expect.stringContaining(message) as string });
});

test('days of the month and of the week may be given together in a calendar', () => {
  const texts = { minute: '0', hour: '3', dayOfMonth: '1-7', month: '*', dayOfWeek: 'sat' };
  expect(parseCalendar(texts)).toMatchObject({
    ok: true,
    value: { dayOfMonth: [1, 2, 3, 4, 5, 6, 7], dayOfWeek: [6] },
  });
});

const good = `schedules:
  - sites: [lab]
    cron: 30 2 * * *
    timeZone: Europe/Berlin
    input: { keep: 7 }
    note: Nightly
`;
const now = Date.parse('2026-10-01T00:00:00Z');
const read = (text: string, file = 'daily-backup.yaml') => parseRunbookFile(file, text, ['lab', 'north'], now);

test('a time that does not exist, or exists twice, is a warning', () => {
  const { problems, warnings } = read(good);
  expect(problems).toEqual([]);
  expect(warnings.map(fileProblemText)).toEqual([
    'daily-backup.yaml:3:11: schedules.0.cron: 2026-10-25 02:30 exists twice in Europe/Berlin: runs once or twice, as the server has it',
    'daily-backup.yaml:3:11: schedules.0.cron: 2027-03-28 02:30 does not exist in Europe/Berlin: no run then',
    'daily-backup.yaml:3:11: schedules.0.cron: 2027-10-31 02:30 exists twice in Europe/Berlin: runs once or twice, as the server has it',
  ]);
});

test.each([
  [
    'two kinds of time',
    'cron: 30 2 * * *',
    'cron: 30 2 * * *\n    interval: { everySeconds: 60 }',
    ['4:5: schedules.0.interval: found cron and interval, expected exactly one of cron, calendar, interval'],
  ],
  [
    'no time',
    '    cron: 30 2 * * *\n',
    '',
    ['2:5: schedules.0: found none of them, expected exactly one of cron, calendar, interval'],
  ],
  [
    'a bad cron line',
    '30 2 * * *',
    '30 24 * * *',
    ['3:11: schedules.0.cron: found "30 24 * * *", hour "24": expected 0-23'],
  ],
  [
    'a zone that is none',
    'Europe/Berlin',
    'Europe/Bärlin',
    ['4:15: schedules.0.timeZone: expected a time zone like Europe/Oslo or UTC'],
  ],
  ['a zone by its offset', 'Europe/Berlin', '"+01:00"', ['4:15: schedules.0.timeZone: expected a time zone']],
  [
    'an unknown site',
    '[lab]',
    '[lab, nort]',
    ['2:18: schedules.0.sites.1: there is no site nort, expected one of lab, north; did you mean north?'],
  ],
  ['a bad input', 'keep: 7', 'keep: 0', ['5:20: schedules.0.input.keep: found 0, expected at least 1']],
  [
    'an unknown input',
    'keep: 7',
    'keeps: 7',
    [
      '5:14: schedules.0.input.keeps: unknown key, expected one of site, dryRun, strategy, keep, note; did you mean keep?',
    ],
  ],
  ['a site in the input', 'keep: 7', 'site: lab', ['5:14: schedules.0.input.site: not here: sites says for which']],
  ['a day that never is', '30 2 * * *', '30 2 31 2 *', ['3:11: schedules.0.cron: never due']],
  [
    'a date that is none',
    'note: Nightly',
    'note: Nightly\n    skip: [2026-02-30]',
    ['7:12: schedules.0.skip.0: found "2026-02-30", expected a date like 2026-12-24'],
  ],
  [
    'the same schedule twice',
    'schedules:\n',
    'schedules:\n  - { cron: 0 1 * * *, note: Other }\n',
    ['3:5: schedules.1: daily-backup/lab is declared twice; give one of them a name'],
  ],
  [
    'a catch-up window below what servers do',
    'note: Nightly',
    'note: Nightly\n    catchUpSeconds: 5',
    ['7:21: schedules.0.catchUpSeconds: found 5, expected at least 10'],
  ],
])('%s is a problem, with its place', (_, from, to, expected) => {
  expect(read(good.replace(from, to)).problems.map(fileProblemText)).toEqual(
    expected.map((text) => expect.stringContaining(`daily-backup.yaml:${text}`) as string),
  );
});

test('a file that is called after no runbook is a problem', () => {
  expect(read(good, 'dayly-backup.yaml').problems.map(fileProblemText)).toEqual([
    'dayly-backup.yaml:1:1: (all): there is no runbook dayly-backup, expected one of daily-backup, restore, restore-drill, production, hosts; did you mean daily-backup?',
  ]);
});
