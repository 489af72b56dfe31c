import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventsOf, type History } from '../../cli/report/history';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { type BlowName, blowNames, blows, momentsFor } from './blows';
import { momentsOf, momentText } from './moments';
import { casesOf } from './plan';

const histories = join(__dirname, '..', 'replay', 'histories');
const file = readdirSync(histories).find((name) => /^daily-backup.*completed.*\.json$/.test(name)) ?? '';
const history: History = historyFromJSON(JSON.parse(readFileSync(join(histories, file), 'utf8')));
const moments = momentsOf(history);

test('each activity of a recorded run has three moments and each workflow task one', () => {
  const events = eventsOf(history);
  const activities = events.filter((event) => event.activityTaskScheduledEventAttributes).length;
  for (const edge of ['begins', 'runs', 'answers'])
    expect(moments.filter((moment) => moment.edge === edge)).toHaveLength(activities);
  const tasks = events.filter((event) => event.workflowTaskCompletedEventAttributes).length;
  expect(moments.filter(({ edge }) => edge === 'decides')).toHaveLength(tasks);
});

test('every moment has a name of its own, and they are in order', () => {
  expect(new Set(moments.map(momentText)).size).toBe(moments.length);
  expect(moments.map(({ id }) => id)).toEqual(moments.map((_, index) => index + 1));
  const names = moments.map(momentText);
  const places = ['before copyStore begins', 'while copyStore runs', 'copyStore done, not yet recorded'].map((name) =>
    names.indexOf(name),
  );
  expect(places.every((place) => place >= 0)).toBe(true);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test('a sweep deals each blow at the moments that are not alike for it', () => {
  const cases = casesOf(moments, { subject: 'daily-backup', seed: 1 });
  const dealtAt = (blow: BlowName) =>
    cases.filter((each) => each.blow === blow).map(({ moment }) => momentText(moment));
  const running = moments.filter(({ edge }) => edge === 'runs').map(momentText);
  for (const blow of ['worker-runbooks', 'worker-guard', 'temporal'] as const)
    expect(dealtAt(blow).sort()).toEqual([...running].sort());
  for (const blow of ['worker-both', 'terminate', 'cancel'] as const) {
    const dealt = dealtAt(blow);
    expect(dealt).toEqual(expect.arrayContaining(running));
    for (const text of ['before stopDatabase begins', 'stopDatabase done, not yet recorded'])
      expect(dealt).toContain(text);
    expect(dealt).toContain('decided after signal guardAnswered, not yet recorded');
    // It only reads.
    for (const text of ['before checkCloud begins', 'checkCloud done, not yet recorded'])
      expect(dealt).not.toContain(text);
  }
  for (const blow of ['database-host', 'ssh-refused', 'ssh-half-open'] as const) {
    expect(dealtAt(blow)).toEqual(expect.arrayContaining(['while writeMarker runs', 'while readRows runs']));
    expect(dealtAt(blow)).not.toContain('while notify runs');
  }
  for (const blow of ['abort', 'time-out'] as const) {
    expect(dealtAt(blow)).toContain('while stopDatabase runs');
    expect(dealtAt(blow)).not.toContain('while readDatabase runs');
  }
  expect(momentsFor(blows['backup-host'], moments)[0]?.name).toBe('startServer');
  expect(casesOf(moments, { subject: 'daily-backup', seed: 1, all: true })).toHaveLength(
    moments.length * blowNames.length,
  );
});

test('a sample deals as many blows as it can, the same for the same seed', () => {
  const sample = casesOf(moments, { subject: 'daily-backup', seed: 7, sample: blowNames.length });
  expect(new Set(sample.map(({ blow }) => blow)).size).toBe(blowNames.length);
  expect(casesOf(moments, { subject: 'daily-backup', seed: 7, sample: blowNames.length })).toEqual(sample);
  expect(casesOf(moments, { subject: 'daily-backup', seed: 8, sample: blowNames.length })).not.toEqual(sample);
});
