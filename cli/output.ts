import { type Style, styleFor } from './render/style';

/** Where a command writes: results on stdout, everything else on stderr. */
export interface Output {
  readonly stderr: NodeJS.WriteStream;
  /** For stdout. */
  readonly style: Style;
  /** The one JSON document of a command with `--json`. */
  json(value: unknown): void;
  print(lines: readonly string[]): void;
  say(line: string): void;
}

/** Writes to the process's streams; a reader that has gone away (`| head`) ends the process quietly. */
export function processOutput(env: NodeJS.ProcessEnv): Output {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  return {
    stderr: process.stderr,
    style: styleFor(process.stdout, env),
    json: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    print: (lines) => void process.stdout.write(lines.map((line) => `${line}\n`).join('')),
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}
