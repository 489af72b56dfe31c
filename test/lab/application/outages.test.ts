import { OutageRecorder, type Sight } from '../../../lab/visitor/outages';

/** Requests as `[what was seen, sent at, answered at]`; outages as `kind from-to`. */
function outages(...requests: [Sight, number, number][]): string[] {
  const seen: string[] = [];
  const recorder = new OutageRecorder(({ kind, from, to, ms }) => {
    expect(Date.parse(to) - Date.parse(from)).toBe(ms);
    seen.push(`${kind} ${Date.parse(from)}-${Date.parse(to)}`);
  });
  for (const [sight, startedAt, endedAt] of requests) recorder.see(sight, startedAt, endedAt);
  recorder.close(1_000);
  return seen;
}

test.each<[string, [Sight, number, number][], string[]]>([
  ['production is no outage', [['production', 10, 20]], []],
  [
    'a fallback lasts until production is served',
    [
      ['fallback', 10, 12],
      ['fallback', 20, 22],
      ['production', 30, 33],
    ],
    ['fallback 10-33'],
  ],
  [
    'an outage begins no earlier than the end of what was served',
    [
      ['production', 1, 50],
      ['error', 10, 60],
      ['production', 70, 75],
    ],
    ['error 50-75'],
  ],
  [
    'a cut before the fallback is the switch',
    [
      ['cut', 10, 11],
      ['fallback', 12, 13],
      ['cut', 20, 21],
      ['production', 22, 25],
    ],
    ['fallback 10-25'],
  ],
  [
    'a cut in production is a failure',
    [
      ['cut', 10, 11],
      ['production', 12, 13],
    ],
    ['error 10-13'],
  ],
  [
    'a failure that turns into the fallback is two outages',
    [
      ['error', 10, 11],
      ['fallback', 12, 13],
      ['production', 20, 21],
    ],
    ['error 10-13', 'fallback 13-21'],
  ],
  [
    'an answer sent before the outage does not end it',
    [
      ['error', 10, 11],
      ['production', 5, 30],
      ['production', 31, 32],
    ],
    ['error 10-32'],
  ],
  [
    'a failure sent before production was back does not begin another',
    [
      ['fallback', 10, 11],
      ['production', 20, 21],
      ['error', 15, 60],
    ],
    ['fallback 10-21'],
  ],
  ['an outage that goes on ends with the visit', [['error', 10, 11]], ['error 10-1000']],
])('%s', (_name, requests, expected) => {
  expect(outages(...requests)).toEqual(expected);
});
