import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Outcome } from './stand-in';

const DIRECTORY = path.join(__dirname, '../../recordings/cockroach');

/** What the real program printed, found by the recording's name up to a dash or its end. */
export function recording(id: string): Outcome {
  const name = readdirSync(DIRECTORY).find((file) => file.startsWith(`${id}-`) || file === `${id}.txt`);
  if (!name) throw new Error(`no recording ${id}`);
  const text = readFileSync(path.join(DIRECTORY, name), 'utf8');
  const [, code, stdout = '', stderr = ''] =
    /exit=(\d+)[^]*?--- stdout ---\n([^]*?)--- stderr ---\n([^]*)$/.exec(text) ?? [];
  return { code: Number(code), stdout, stderr };
}

/** The lines from the first `ERROR:` at the start of a line on. */
export function errorLines({ stderr }: Outcome): string {
  return stderr.slice(stderr.search(/^ERROR:/m));
}
