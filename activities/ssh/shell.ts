import { fail } from '../failures';

/** What may stand in a `${}` of a command. */
export type ShellValue = string | number | ShellText | readonly (string | number)[];

let make: (text: string) => ShellText;

/** The text of a shell command; only `sh` makes one, so that a plain string is not a command. */
export class ShellText {
  readonly #brand = true;

  private constructor(readonly text: string) {}

  static {
    make = (text) => new ShellText(text);
  }

  toString(): string {
    return this.#brand && this.text;
  }
}

/**
 * Writes a POSIX shell command: each `${}` becomes one quoted word, a list several, another command is embedded as it is.
 *
 * Backslashes are those of a JavaScript template: `\n` is a line break, `\\n` reaches the shell. A value inside quotes
 * of the template (`"${dir}"`) would be quoted twice and expanded by the shell: that is an `Error`.
 * @throws `InvalidInput` for a value with a NUL byte, which no command line can hold, and for a number that is none.
 */
export function sh(strings: TemplateStringsArray, ...values: readonly ShellValue[]): ShellText {
  let text = strings[0] ?? '';
  let quote = quoteAfter(text, '');
  values.forEach((value, index) => {
    if (quote) throw new Error(`a value inside ${quote} quotes of a command: leave the quotes to sh\`\`: ${text}`);
    const literal = strings[index + 1] ?? '';
    // `${2}>file` would be a redirection of descriptor 2, not the word 2.
    text += (/^[<>]/.test(literal) ? render(value).replace(/(?<!\S)\d+$/, "'$&'") : render(value)) + literal;
    quote = quoteAfter(literal, '');
  });
  return make(text);
}

function render(value: ShellValue): string {
  if (value instanceof ShellText) return value.text;
  return (Array.isArray(value) ? (value as readonly (string | number)[]) : [value as string | number])
    .map(quoted)
    .join(' ');
}

// Letters, digits and signs that mean nothing to any shell. `=` would make an assignment, `~` a home directory.
const plain = /^[A-Za-z0-9_./:@%+,-]+$/;
const reserved = /^(if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc)$/;

function quoted(value: string | number): string {
  const word = String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw fail('InvalidInput', `${word} is not a number`);
  if (word.includes('\0')) throw fail('InvalidInput', 'a NUL byte cannot stand in a command line');
  return plain.test(word) && !reserved.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The quote that is still open after this literal text, if any. */
function quoteAfter(text: string, open: string): string {
  let quote = open;
  for (let index = 0; index < text.length; index++) {
    const char = text[index] ?? '';
    if (char === '\\' && quote !== "'") index++;
    else if (quote) quote = char === quote ? '' : quote;
    else if (char === "'" || char === '"') quote = char;
  }
  return quote;
}
