import { LiveScreen } from '../../cli/follow/live-screen';
import { type Observation } from '../../cli/follow/observer';
import { progressText } from '../../cli/follow/lines';
import { PlainScreen } from '../../cli/follow/plain-screen';
import { bytesText, durationText } from '../../cli/render/amounts';
import { buildReport } from '../../cli/report/report';
import { described, HistoryWriter } from './fixture/history';

/** A stream that keeps what is written, and a clock that is moved by hand. */
function fakeStream(more: object = {}) {
  const written: string[] = [];
  const stream = { ...more, write: (text: string) => (written.push(text), true) } as unknown as NodeJS.WriteStream;
  return { stream, written };
}

function observed(done: number | null, more: Partial<Observation> = {}): Observation {
  const writer = new HistoryWriter()
    .activity('readProduction', 'Look at production')
    .activity('copyAhead', 'Copy ahead', done === null ? {} : { end: 'none' });
  const report = buildReport({
    history: writer.history,
    description: described('running'),
    guard: null,
    now: new Date(0),
  });
  const progress = { done: done ?? 0, total: 200e6, unit: 'bytes' as const };
  const copying = { activityId: 'a', title: 'Copy ahead', attempt: 1, progress, trouble: null, byGuard: false };
  return { report, underWay: done === null ? [] : [copying], waitsFor: null, asks: null, taken: true, ...more };
}

const start = Date.parse('2026-11-20T02:00:05Z');

test('without a terminal each thing is said once, and progress every five seconds with rate and time left', () => {
  const { stream, written } = fakeStream();
  let now = start;
  const screen = new PlainScreen({ stream, now: () => now });
  for (const [at, done] of [
    [0, 0],
    [1, 20e6],
    [4, 80e6],
    [5, 100e6],
    [6, 120e6],
  ] as const) {
    now = start + at * 1000;
    screen.show(observed(done));
  }
  screen.show(observed(null));
  screen.show(observed(null));
  screen.end();
  expect(written.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))).toEqual([
    'Look at production: done (2.0 s)\n',
    'Copy ahead\n',
    'Copy ahead: 0 %, 0 B of 200 MB\n',
    'Copy ahead: 50 %, 100 MB of 200 MB, 20.0 MB/s, 5.0 s left\n',
    'Copy ahead: done (2.0 s)\n',
  ]);
});

test('a wait has no pace: what is waited for is said, since when and for how long at most', () => {
  const wait = { done: 12, unit: 'seconds', note: 'backup is powering-on' } as const;
  expect(progressText({ ...wait, total: 120 }, { perSecond: 1, leftMs: 9 })).toBe(
    'backup is powering-on, 12 s of at most 120 s',
  );
  expect(progressText(wait, null)).toBe('backup is powering-on, 12 s');
});

test('who is waited for, and why an attempt failed, is said', () => {
  const { stream, written } = fakeStream();
  const screen = new PlainScreen({ stream, now: () => start });
  const trouble = {
    activityId: 'b',
    title: 'Mount',
    attempt: 2,
    progress: null,
    trouble: 'Unavailable: no answer',
    byGuard: false,
  };
  screen.show(observed(null, { waitsFor: { heldBy: 'daily-backup/lab/0', position: 1 }, underWay: [trouble] }));
  expect(written.join('')).toContain('waits for daily-backup/lab/0 (1 in line)\n');
  expect(written.join('')).toContain('Mount: attempt 2, before: Unavailable: no answer\n');
});

test('on a terminal the block is drawn over, within its size, and what is said stays above it', () => {
  const { stream, written } = fakeStream({ isTTY: true, columns: 60, rows: 24 });
  const screen = new LiveScreen({ stream, env: { NO_COLOR: '1' }, now: () => start });
  screen.show(observed(50e6));
  const block = written.join('').trimEnd().split('\n');
  expect(block).toHaveLength(4);
  expect(block[0]).toBe('daily-backup of lab');
  expect(block[1]).toMatch(/^ {2}✓ Look at production +2\.0 s$/);
  expect(block[3]).toBe('    ━━━━━━────────────────── 25 %, 50.0 MB of 200 MB');
  expect(Math.max(...block.map(({ length }) => length))).toBeLessThanOrEqual(60);

  written.length = 0;
  screen.say('hello');
  expect(written.slice(0, 2)).toEqual(['\u001b[4A\u001b[0J', 'hello\n']);
  screen.end();
});

test('steps that do not fit become a number', () => {
  const { stream, written } = fakeStream({ isTTY: true, columns: 80, rows: 8 });
  const writer = new HistoryWriter();
  for (let step = 1; step <= 20; step++) writer.activity('readProduction', `Step ${step}`);
  const report = buildReport({
    history: writer.history,
    description: described('running'),
    guard: null,
    now: new Date(0),
  });
  const screen = new LiveScreen({ stream, env: { NO_COLOR: '1' }, now: () => start });
  screen.show({ report, underWay: [], waitsFor: null, asks: null, taken: true });
  screen.end();
  const lines = written[0]!.trimEnd().split('\n');
  expect(lines).toHaveLength(6);
  expect(lines[1]).toBe('  … 16 steps before');
  expect(lines.at(-1)).toContain('Step 20');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [99_950, '100 kB'],
  [999_999, '1.0 MB'],
  [204_725_243, '205 MB'],
])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

test.each([
  [400, '0.4 s'],
  [9_960, '10 s'],
  [59_600, '1 min 00 s'],
  [185_000, '3 min 05 s'],
  [7_800_000, '2 h 10 min'],
])('%d ms are %s', (ms, text) => expect(durationText(ms)).toBe(text));
