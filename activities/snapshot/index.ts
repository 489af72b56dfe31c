import { z } from 'zod';
import { type InputOf } from '../../workflows/contract/actions';
import { type CopyDependencies } from '../copy';
import { type ProgramJob, programJobs } from '../copy/program-job';
import { instant } from '../../workflows/contract/fields';
import { besideInStore, engineOf, markerOf, storeHolders } from '../database';
import { type Implementations } from '../implementation';
import { checkStrategyAction } from './check-strategy';
import { backUpOnline } from './scripts/back-up-online';
import { shareFiles } from './scripts/share-files';
import { takeSnapshot } from './scripts/take-snapshot';

const taken = z.strictObject({
  sharedFiles: z.int(),
  sharedBytes: z.int(),
  copiedFiles: z.int(),
  copiedBytes: z.int(),
  tookMs: z.number(),
});

/** The snapshot as a job on the database host. */
function snapshotJob({ database, snapshot, way }: InputOf<'takeSnapshot'>): ProgramJob<typeof taken> {
  const engine = engineOf(database);
  return {
    host: snapshot.host,
    program: {
      name: 'take-snapshot',
      text: takeSnapshot(`${shareFiles(engine, way).text}${storeHolders(engine).text}`),
    },
    args: [`${snapshot.directory}/${besideInStore}`],
    result: taken,
  };
}

const backedUp = z.strictObject({
  files: z.int(),
  bytes: z.int(),
  rows: z.record(z.string(), z.int()).nullable(),
  asOf: instant,
  tookMs: z.number(),
});

/** The engine's own backup as a job on the database host. */
function onlineJob({ database, snapshot }: InputOf<'backUpOnline'>): ProgramJob<typeof backedUp> {
  const engine = engineOf(database);
  const functions = `${shareFiles(engine, 'native').text}${engine.online.functions().text}`;
  return {
    host: snapshot.host,
    program: { name: 'back-up-online', text: backUpOnline(functions) },
    args: [`${snapshot.directory}/${besideInStore}`],
    result: backedUp,
  };
}

/** The actions on a directory beside the store that holds what the store held at one moment. */
export function snapshotActions(
  dependencies: CopyDependencies,
): Pick<Implementations, 'checkStrategy' | 'takeSnapshot' | 'backUpOnline'> {
  const { run, describeJob } = programJobs(dependencies);
  const nothing = { sharedFiles: 0, sharedBytes: 0, copiedFiles: 0, copiedBytes: 0, tookMs: 0 };

  return {
    ...checkStrategyAction(dependencies),

    takeSnapshot: {
      do: (input, context) => run(snapshotJob(input), context),
      describe: async (input, context) => describeJob(snapshotJob(input), context, nothing),
    },

    backUpOnline: {
      async do(input, context) {
        const engine = engineOf(input.database);
        const marker = markerOf(context.call.key);
        // In the backup all the same, if it was written by an attempt that has begun it.
        if (!context.jobStarted)
          await dependencies.ssh.host(input.database.host).run(engine.mark(marker), { signal: context.signal });
        return { ...(await run(onlineJob(input), context)), form: engine.online.form, marker };
      },
      async describe(input, context) {
        const { form } = engineOf(input.database).online;
        const nothing = { files: 0, bytes: 0, rows: null, marker: null, asOf: new Date(0).toISOString(), tookMs: 0 };
        return describeJob(onlineJob(input), context, { ...nothing, form });
      },
    },
  };
}
