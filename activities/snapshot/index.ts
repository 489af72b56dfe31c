import { z } from 'zod';
import { type InputOf } from '../../workflows/contract/actions';
import { type CopyDependencies } from '../copy';
import { type ProgramJob, programJobs } from '../copy/program-job';
import { besideInStore, engineOf, listProcesses } from '../database';
import { type Implementations } from '../implementation';
import { checkStrategyAction } from './check-strategy';
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
      text: takeSnapshot(shareFiles(engine, way).text, listProcesses(engine).text),
    },
    args: [`${snapshot.directory}/${besideInStore}`],
    result: taken,
  };
}

/** The actions on a directory beside the store that holds what the store held at one moment. */
export function snapshotActions(
  dependencies: CopyDependencies,
): Pick<Implementations, 'checkStrategy' | 'takeSnapshot'> {
  const { run, describeJob } = programJobs(dependencies);
  const nothing = { sharedFiles: 0, sharedBytes: 0, copiedFiles: 0, copiedBytes: 0, tookMs: 0 };

  return {
    ...checkStrategyAction(dependencies),

    takeSnapshot: {
      do: (input, context) => run(snapshotJob(input), context),
      describe: async (input, context) => describeJob(snapshotJob(input), context, nothing),
    },
  };
}
