import { defaultPayloadConverter } from '@temporalio/common';
import { type temporal } from '@temporalio/proto';
import { lastLandingOf } from '../../activities/temporal/last-landing';

type Event = temporal.api.history.v1.IHistoryEvent;
const at = (second: number) => ({ seconds: second, nanos: 0 }) as unknown as Event['eventTime'];

function history(...events: Event[]): temporal.api.history.v1.IHistory {
  return { events: events.map((event, index) => ({ eventId: index + 1, ...event }) as unknown as Event) };
}
const database = { host: { name: 'db1' } };
const scheduled = (name: string, seconds: number, call: object = { guard: null }) =>
  ({
    activityTaskScheduledEventAttributes: {
      activityType: { name },
      startToCloseTimeout: { seconds },
      input: { payloads: [{ database }, call].map((value) => defaultPayloadConverter.toPayload(value)) },
    },
  }) as unknown as Event;
const completed = (scheduledEventId: number) =>
  ({ activityTaskCompletedEventAttributes: { scheduledEventId } }) as unknown as Event;
const timedOut = (scheduledEventId: number) =>
  ({ activityTaskTimedOutEventAttributes: { scheduledEventId } }) as unknown as Event;
const terminated = (second: number): Event => ({
  workflowExecutionTerminatedEventAttributes: {},
  eventTime: at(second),
});

const of = (type: string) => ({ applicationFailureInfo: { type } });
const started = (scheduledEventId: number, second: number, lastFailure: object | null = null): Event =>
  ({
    activityTaskStartedEventAttributes: { scheduledEventId, lastFailure },
    eventTime: at(second),
  }) as unknown as Event;

const target = 'database/db1';

test.each<[string, Event[], number | null]>([
  ['no change was begun', [terminated(100)], null],
  ['the change was answered', [scheduled('stopDatabase', 30), started(1, 90), completed(1), terminated(100)], null],
  [
    'a change is under way: its whole time from the end of the run',
    [scheduled('stopDatabase', 30), terminated(100)],
    133_000,
  ],
  [
    'a timed-out attempt may still be at work',
    [scheduled('stopDatabase', 30), started(1, 90), { ...timedOut(1), eventTime: at(95) }, terminated(100)],
    128_000,
  ],
  [
    'an attempt before the one that succeeded may still be at work',
    [scheduled('stopDatabase', 30), started(1, 90, { timeoutFailureInfo: {} }), completed(1)],
    123_000,
  ],
  [
    'an attempt that was refused has not acted',
    [scheduled('stopDatabase', 30), started(1, 90, of('Conflict')), completed(1)],
    null,
  ],
  ['a look lands nowhere', [scheduled('readDatabase', 30), terminated(100)], null],
  ['a job is refused by its tombstone', [scheduled('copyStore', 86_400), terminated(100)], null],
  ['a message changes nothing', [scheduled('notify', 10), terminated(100)], null],
  [
    'the longest of several counts',
    [scheduled('stopDatabase', 300), scheduled('stopDatabase', 60), terminated(100)],
    403_000,
  ],
  ['a run that has not ended counts from now', [scheduled('stopDatabase', 60)], 152_000],
])('%s', (_what, events, expected) => {
  expect(lastLandingOf(history(...events), 90_000)).toEqual({
    any: expected,
    targets: expected === null ? {} : { [target]: expected },
  });
});

test('a close that lands late undoes nothing, but the next run must not meet it', () => {
  const close = scheduled('startDatabase', 30, { guard: { workflowId: 'guard/x', for: 'close' } });
  expect(lastLandingOf(history(close, started(1, 90, of('Unavailable')), completed(1)), 90_000)).toEqual({
    any: 123_000,
    targets: {},
  });
});

test('what may have landed until a moment that is past is said of its target: a close may have looked before', () => {
  expect(lastLandingOf(history(scheduled('stopDatabase', 5), terminated(60)), 90_000)).toEqual({
    any: null,
    targets: { [target]: 68_000 },
  });
});
