import { execFile } from 'node:child_process';
import { join } from 'node:path';

const command = join(__dirname, '..', '..', 'bin', 'sim.js');

/** Runs `npm run sim -- <words> --json`. */
function simulate<T>(...words: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [command, ...words, '--json'], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      // Exit code 1 says that something was found; the document says what.
      if (stdout.trim()) resolve(JSON.parse(stdout) as T);
      else reject(error ?? new Error(stderr));
    });
  });
}

test.each([
  ['daily-backup', 200],
  ['production', 100],
  ['restore', 100],
  ['restore-drill', 50],
  ['hosts', 50],
])(
  '%s keeps every invariant in %i seeds',
  async (runbook, seeds) => {
    const words = ['--runbook', runbook, '--seeds', String(seeds), '--processes', '1'];
    expect(await simulate(...words)).toEqual({ seeds, failure: null });
  },
  300_000,
);

test('nothing that was found and mended breaks again', async () => {
  const { pinned, failed } = await simulate<{ pinned: number; failed: object[] }>('--pinned');
  expect(failed).toEqual([]);
  expect(pinned).toBeGreaterThan(0);
}, 120_000);

test('a seed run again makes the same of it', async () => {
  expect(await simulate('--seed', '50')).toEqual({ seeds: 1, failure: null });
}, 60_000);
