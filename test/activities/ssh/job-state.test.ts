import { parseJobState } from '../../../activities/ssh/job-state';

const separator = '--here--';
const parse = (answer: string) => parseJobState(answer, separator, 'db1');

test('an answer that was cut off is none', () => {
  const whole = ['starts 1\nfinished 0\n', 'out', 'err', '{"rows":3}', ''].join(separator);
  const end = { state: 'finished', exitCode: 0, stdoutTail: 'out', stderrTail: 'err', result: '{"rows":3}', starts: 1 };
  expect(parse(whole)).toEqual(end);
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    // There it looks like the end of an answer with fewer parts.
    if (!cut.endsWith(separator)) expect(() => parse(cut)).toThrow('makes no sense');
  }
});
