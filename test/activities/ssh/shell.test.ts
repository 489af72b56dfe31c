import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { failureTypeOf } from '../../../activities/failures';
import { sh, type ShellText } from '../../../activities/ssh/shell';

const run = (command: ShellText) => execFileSync('/bin/sh', ['-c', command.text]).toString();
const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));

test('any value arrives in the shell as exactly the word it was', () => {
  fc.assert(
    fc.property(word, (value) => expect(run(sh`printf %s ${value}`)).toBe(value)),
    { numRuns: 60 },
  );
});

test('a list arrives as as many words as it has, empty ones included', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (values) => {
      const seen = run(sh`sh -c 'for word; do printf "%s\\0" "$word"; done' name ${values}`);
      expect(seen).toBe(values.map((value) => `${value}\0`).join(''));
    }),
    { numRuns: 40 },
  );
});

test('a value is a word wherever it stands: no assignment, keyword, option of the shell or redirection', () => {
  expect(sh`${'A=b'} ${'if'} ${'~'} ${'*'} ${'#'} ${''}`.text).toBe(`'A=b' 'if' '~' '*' '#' ''`);
  expect(run(sh`echo ${2}>&1; echo ${[1, 2]} >&1`)).toBe('2\n1 2\n');
});

test('plain words stay readable', () => {
  expect(sh`tar -C ${'/bfdata'} -cf - . | zstd -T${2} -o ${'/backup/a-1.tar.zst'}`.text).toBe(
    'tar -C /bfdata -cf - . | zstd -T2 -o /backup/a-1.tar.zst',
  );
});

test('a command inside a command is embedded as it is, or quoted as a word by its text', () => {
  const inner = sh`echo ${"it's"}`;
  expect(run(sh`${inner}; sh -c ${inner.text}`)).toBe("it's\nit's\n");
});

test('a value inside quotes of the template is refused, whichever quotes and wherever they began', () => {
  expect(() => sh`echo "${'x'}"`).toThrow('leave the quotes');
  expect(() => sh`echo '${'x'}'`).toThrow('leave the quotes');
  expect(() => sh`echo "a ${'x'} b"`).toThrow('leave the quotes');
  expect(sh`echo "a \\" b" it\\'s ${'x'}`.text).toBe(`echo "a \\" b" it\\'s x`);
});

test('what no command line can hold is refused as invalid input', () => {
  for (const value of ['a\0b', Number.NaN, Number.POSITIVE_INFINITY]) {
    let text = '';
    let error: unknown;
    try {
      text = sh`echo ${value}`.text;
    } catch (thrown) {
      error = thrown;
    }
    expect(text).toBe('');
    expect(failureTypeOf(error)).toBe('InvalidInput');
  }
});

test('a plain string is no command', () => {
  const take = (command: ShellText) => command.text;
  // @ts-expect-error only sh`` makes a command
  expect(take('rm -rf /')).toBeUndefined();
  // @ts-expect-error a look-alike is no command either
  expect(take({ text: 'rm -rf /' })).toBe('rm -rf /');
});
