import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { claimLayout } from './claim';
import { serveControlApi } from './control-api';
import { Lab } from './lab';
import { text } from './layout';
import { pathsOf } from './paths';
import { announce } from './running';
import { settingsFrom } from './settings';

/** The lab's process: `daemon.js <directory>`. Does nothing but to answer its control API. */
async function main(directory: string): Promise<void> {
  const paths = pathsOf(directory);
  const settings = settingsFrom(process.env);
  for (const made of [directory, paths.log]) mkdirSync(made, { recursive: true });
  const claim = await claimLayout(paths, async ({ host, port }) => {
    const answer = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    return ((await answer?.json().catch(() => null)) as { directory?: string } | null)?.directory;
  });
  if (!claim) return;

  const { layout, server } = claim;
  const lab = new Lab({ paths, layout, settings });
  const token = randomBytes(24).toString('hex');
  const end = () => {
    rmSync(paths.running, { force: true });
    process.exit();
  };
  serveControlApi(server, { lab, directory, token, onDown: end });
  announce(paths, { pid: process.pid, url: `http://${text(layout.control)}`, token });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void lab.down().finally(end));
}

// What one part of the site runs into must not take the others down; its log tells of it.
process.on('unhandledRejection', (reason) => console.error(reason));
void main(process.argv[2] ?? '');
