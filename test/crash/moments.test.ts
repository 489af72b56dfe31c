import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventsOf, type History } from '../../cli/report/history';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { blowNames, blows, momentsFor } from './blows';
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

test('a sweep has every moment for a killed worker, a terminated and a cancelled run, and each running activity for the rest', () => {
  const cases = casesOf(moments, { seed: 1 });
  const running = moments.filter(({ edge }) => edge === 'runs').length;
  for (const name of blowNames) {
    const dealt = cases.filter(({ blow }) => blow === name).length;
    if (['worker-both', 'terminate', 'cancel'].includes(name)) expect(dealt).toBe(moments.length);
    else if (name.startsWith('backup-')) expect(dealt).toBeGreaterThan(running / 2);
    else expect(dealt).toBe(running);
  }
  expect(momentsFor(blows['backup-host'], moments)[0]?.name).toBe('startServer');
});

test('a sample deals as many blows as it can, the same for the same seed', () => {
  const sample = casesOf(moments, { seed: 7, sample: blowNames.length });
  expect(new Set(sample.map(({ blow }) => blow)).size).toBe(blowNames.length);
  expect(casesOf(moments, { seed: 7, sample: blowNames.length })).toEqual(sample);
  expect(casesOf(moments, { seed: 8, sample: blowNames.length })).not.toEqual(sample);
});
