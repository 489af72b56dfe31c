import { createHash } from 'node:crypto';
import { cpSync, createReadStream, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeArchive } from '../../activities/copy/scripts/make-archive';
import { readBack } from '../../activities/copy/scripts/read-back';
import { cockroachScratch } from '../../activities/database/cockroach-scratch';
import { labControl } from '../../lab/control';
import { pathsOf } from '../../lab/paths';
import { type LabSite } from '../../test/support/lab-site';

/** Where it lies on the backup host. */
export const place = '/backup/bench';

/** A command on the lab's backup host. @throws Error with what it said if it ends with anything but 0 */
export type OnBackupHost = (command: string) => Promise<string>;

/**
 * A cold store in a workplace on the lab's backup host, as a copy leaves it, and the programs of a backup beside it.
 *
 * @returns the bytes of the store
 */
export async function prepareWorkplace(lab: LabSite): Promise<{ readonly on: OnBackupHost; readonly bytes: number }> {
  const paths = pathsOf(lab.directory);
  const work = join(paths.backupVolume, 'bench', 'work');
  const store = join(work, 'store');
  // Down, so that the database has stopped in order.
  await lab.succeed('lab', 'down');
  for (const made of [work, join(work, '..', 'job'), join(work, '..', 'archives')])
    mkdirSync(made, { recursive: true });
  cpSync(join(paths.disk('db1'), 'bfdata'), store, { recursive: true, verbatimSymlinks: true });
  const files = filesIn(store);
  const lines = await Promise.all(
    files.map(async (file) => `${await sha256Of(file)} copied/${relative(store, file)}\n`),
  );
  writeFileSync(join(work, 'files'), lines.join(''));
  const programs = {
    'make-archive.sh': makeArchive,
    'read-back.sh': readBack(cockroachScratch({ database: 'bookface' }).text),
  };
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(work, '..', name), text);
  await lab.up();

  const control = (path: string, body: object) => labControl(lab.directory, 'POST', `/hosts/backup/${path}`, body);
  const on: OnBackupHost = async (command) => {
    const { exitCode, stdout, stderr } = (await control('exec', { command: [command] })) as Record<string, unknown>;
    if (exitCode !== 0) throw new Error(`${command}: exit code ${String(exitCode)}\n${String(stderr)}`);
    return String(stdout).trim();
  };
  await control('power', { state: 'on' });
  await on('mount /backup');
  return { on, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
