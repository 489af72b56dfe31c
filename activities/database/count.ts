import { type OutputOf } from '../../workflows/contract/actions';
import { fail } from '../failures';
import { type Host } from '../ssh/hosts';
import { type DatabaseEngine } from './engine';

/** What `timeout` ends with when it had to end the command. */
const timedOut = 124;

/** A marker made from an operation key, fit to stand in a statement. */
export const markerOf = (key: string) => `runbook-${key.replace(/[^A-Za-z0-9-]/g, '-')}`;

/**
 * Counts the rows, or writes a marker row where counting takes longer than the engine's limit of 2 s.
 *
 * @param key The operation key: every attempt writes the same marker.
 */
export async function countRows(
  engine: DatabaseEngine,
  host: Host,
  { key, signal }: { readonly key: string; readonly signal: AbortSignal },
): Promise<OutputOf<'countRows'>> {
  const { exitCode, stdout } = await host.run(engine.countRows(), { signal, allowExit: [0, timedOut] });
  if (exitCode === timedOut) {
    const marker = markerOf(key);
    await host.run(engine.mark(marker), { signal });
    return { rows: null, marker };
  }
  try {
    return { rows: engine.readRows(stdout), marker: null };
  } catch (error) {
    throw fail(
      'ResourceFailed',
      `the rows on ${host.ref.name} cannot be counted: ${(error as Error).message}`,
      { target: `database/${host.ref.name}`, operation: 'countRows' },
      error,
    );
  }
}
