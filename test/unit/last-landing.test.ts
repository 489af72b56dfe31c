import { type temporal } from '@temporalio/proto';
import { lastLandingOf } from '../../activities/temporal/last-landing';

type Event = temporal.api.history.v1.IHistoryEvent;
const at = (second: number) => ({ seconds: second, nanos: 0 }) as unknown as Event['eventTime'];

function history(...events: Event[]): temporal.api.history.v1.IHistory {
  return { events: events.map((event, index) => ({ eventId: index + 1, ...event }) as unknown as Event) };
}
const scheduled = (name: string, seconds: number) =>
  ({
    activityTaskScheduledEventAttributes: { activityType: { name }, startToCloseTimeout: { seconds } },
  }) as unknown as Event;
const completed = (scheduledEventId: number) =>
  ({ activityTaskCompletedEventAttributes: { scheduledEventId } }) as unknown as Event;
const timedOut = (scheduledEventId: number) =>
  ({ activityTaskTimedOutEventAttributes: { scheduledEventId } }) as unknown as Event;
const terminated = (second: number): Event => ({
  workflowExecutionTerminatedEventAttributes: {},
  eventTime: at(second),
});

test.each<[string, Event[], number | null]>([
  ['no change was begun', [terminated(100)], null],
  ['the change was answered', [scheduled('stopDatabase', 30), completed(1), terminated(100)], null],
  [
    'a change is in flight: its whole time from the end of the run',
    [scheduled('stopDatabase', 30), terminated(100)],
    133_000,
  ],
  ['a timed-out attempt may still be at work', [scheduled('stopDatabase', 30), timedOut(1), terminated(100)], 133_000],
  ['a look lands nowhere', [scheduled('readDatabase', 30), terminated(100)], null],
  ['a job is refused by its tombstone', [scheduled('copyStore', 86_400), terminated(100)], null],
  ['a message changes nothing', [scheduled('notify', 10), terminated(100)], null],
  [
    'the longest of several counts',
    [scheduled('stopServer', 300), scheduled('mountVolume', 60), terminated(100)],
    403_000,
  ],
  ['a run that has not ended counts from now', [scheduled('mountVolume', 60)], 1_062_000],
])('%s', (_what, events, expected) => {
  expect(lastLandingOf(history(...events), 1_000_000)).toBe(expected);
});
