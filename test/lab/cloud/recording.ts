import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '../../recordings/openstack');

/** One call to the real cloud and its answer. */
export interface Recording {
  request: { method: string; url: string; headers: Record<string, string>; body: unknown };
  response: { status: number; headers: Record<string, string>; body: unknown };
}

/** The names of all recorded calls, in order, without `.json`. */
export const recordedCalls = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => /^\d{3}-.*\.json$/.test(file))
    .map((file) => file.replace(/\.json$/, ''))
    .sort();

/** The call of that name. */
export const recording = (name: string): Recording =>
  JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Recording;

/** What a poller saw of a change, in order, without the times: `[status, vm_state, task_state, power_state]` for a server. */
export function timeline(name: string): unknown[] {
  const { timelines } = JSON.parse(readFileSync(join(FOLDER, 'timelines.json'), 'utf8')) as {
    timelines: Record<string, { changes: [number, unknown][] }>;
  };
  const found = timelines[name];
  if (!found) throw new Error(`no timeline ${name}`);
  return found.changes.map(([, seen]) => seen);
}
