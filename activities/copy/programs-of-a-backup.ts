import { z } from 'zod';
import { type InputOf } from '../../workflows/contract/actions';
import { instant } from '../../workflows/contract/fields';
import { type Manifest } from '../archive/manifest';
import { engineOf } from '../database';
import { type ProgramJob } from './program-job';
import { pullConfig } from './pull';
import { copyStore } from './scripts/copy-store';
import { makeArchive } from './scripts/make-archive';
import { readBack } from './scripts/read-back';

/** What a copy leaves as its result. */
export const copied = z.strictObject({
  files: z.int(),
  bytes: z.int(),
  copiedFiles: z.int(),
  copiedBytes: z.int(),
  tookMs: z.number(),
});

/** The copy as a job on the backup host. */
export function copyJob({ pull }: InputOf<'copyStore'>, mode: 'ahead' | 'cold'): ProgramJob<typeof copied> {
  const { host, directory } = pull.workplace;
  return {
    host,
    program: { name: 'copy-store', text: copyStore },
    args: [directory, mode, pullConfig(pull)],
    result: copied,
  };
}

const archived = z.strictObject({
  archive: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  manifestSha256: z.string(),
  tookMs: z.number(),
});

/** The archive as a job; `name` becomes a file name. */
export function archiveJob({ workplace, directory, name, facts }: InputOf<'makeArchive'>): ProgramJob<typeof archived> {
  return {
    host: workplace.host,
    program: { name: 'make-archive', text: makeArchive },
    args: [workplace.directory, directory, name, JSON.stringify(facts)],
    result: archived,
  };
}

const verified = z.strictObject({
  verifiedAt: instant,
  rows: z.record(z.string(), z.int()).nullable(),
  tookMs: z.number(),
});

/** The read-back as a job, against what the manifest says. */
export function readBackJob(
  { workplace, database, directory, archive }: InputOf<'readBack'>,
  manifest: Pick<Manifest, 'sha256' | 'sumsSha256' | 'rows' | 'marker' | 'form'>,
): ProgramJob<typeof verified> {
  const { sha256, sumsSha256, rows, marker, form } = manifest;
  const expected = Object.entries(rows ?? {}).map(([table, count]) => `${table}=${count}`);
  return {
    host: workplace.host,
    program: { name: 'read-back', text: readBack(engineOf(database).scratch().text, form) },
    args: [workplace.directory, `${directory}/${archive}`, sha256, sumsSha256, marker ?? '', ...expected],
    result: verified,
  };
}
