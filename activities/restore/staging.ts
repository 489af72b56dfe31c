import { z } from 'zod';
import { type InputOf } from '../../workflows/contract/actions';
import { readManifest } from '../copy/manifest';
import { type ProgramJob, programJobs } from '../copy/program-job';
import { copied } from '../copy/programs-of-a-backup';
import { pullConfig } from '../copy/pull';
import { asOfManifest, type Manifest } from '../archive/manifest';
import { engineOf, storeMakerOf } from '../database';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { type RestoreDependencies } from './dependencies';
import { copyAside, fetchStore } from './scripts/staging';
import { unpackArchive } from './scripts/unpack-archive';

const unpacked = z.strictObject({ files: z.int(), bytes: z.int(), tookMs: z.number() });

/** The unpacking as a job on the backup host, against what the manifest says. */
function unpackJob(
  { workplace, directory, archive }: InputOf<'unpackArchive'>,
  {
    sha256,
    sumsSha256,
    storeBytes,
    engine,
    form,
  }: Pick<Manifest, 'sha256' | 'sumsSha256' | 'engine' | 'form'> & { storeBytes: number | string },
): ProgramJob<typeof unpacked> {
  const maker = form === 'backup' ? storeMakerOf(engine) : null;
  const text = unpackArchive(maker && { scratch: maker.scratch.text, removeLeftOut: maker.removeLeftOut.text });
  return {
    host: workplace.host,
    program: { name: 'unpack-archive', text },
    args: [workplace.directory, `${directory}/${archive}`, sha256, sumsSha256, `${storeBytes}`],
    result: unpacked,
  };
}

function fetchJob({ pull, stage }: InputOf<'fetchStore'>): ProgramJob<typeof copied> {
  const { store } = engineOf(pull.database);
  return {
    host: stage.host,
    program: { name: 'fetch-store', text: fetchStore },
    args: [`${stage.directory}/fetched`, 'cold', pullConfig(pull), store],
    result: copied,
  };
}

function asideJob({ database, beside, aside, stage }: InputOf<'copyAside'>): ProgramJob<typeof copied> {
  return {
    host: stage.host,
    program: { name: 'copy-aside', text: copyAside },
    args: [stage.directory, beside, aside, engineOf(database).store],
    result: copied,
  };
}

/** The jobs that bring data to where it can be swapped in: `store/` in the stage. */
export function stagingActions(
  dependencies: RestoreDependencies,
): Pick<Implementations, 'unpackArchive' | 'fetchStore' | 'copyAside'> {
  const { run, describeJob } = programJobs(dependencies);
  const copiedNothing = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0, tookMs: 0 };

  return {
    unpackArchive: {
      async do(input, context) {
        const { workplace, archive, site } = input;
        const manifest = await readManifest(dependencies, input, context.signal);
        if (manifest.name !== archive || manifest.site !== site)
          throw fail(
            'PreconditionFailed',
            `${archive} holds ${manifest.name} of site ${manifest.site} by its manifest; wanted ${archive} of ${site}. ` +
              `Restore another one; see: runbook backups ${site}`,
            { target: `directory/${workplace.host.name}${input.directory}`, operation: 'unpackArchive' },
          );
        const { rows, marker } = manifest;
        const asOf = asOfManifest(manifest);
        return { ...(await run(unpackJob(input, manifest), context)), rows, marker, asOf };
      },
      async describe(input, context) {
        const unknown = { sha256: '<sha256>', sumsSha256: '<sha256 of the sums>', storeBytes: '<bytes>', engine: '' };
        const output = { files: 0, bytes: 0, rows: null, marker: null, asOf: new Date(0).toISOString(), tookMs: 0 };
        return describeJob(unpackJob(input, unknown), context, output);
      },
    },

    fetchStore: {
      do: (input, context) => run(fetchJob(input), context),
      describe: async (input, context) => describeJob(fetchJob(input), context, copiedNothing),
    },

    copyAside: {
      do: (input, context) => run(asideJob(input), context),
      describe: async (input, context) => describeJob(asideJob(input), context, copiedNothing),
    },
  };
}
