import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { checkBackupHostAction } from './check-backup-host';
import { type CopyDependencies } from './dependencies';
import { readManifest } from './manifest';
import { programJobs } from './program-job';
import { archiveJob, copyJob, readBackJob } from './programs-of-a-backup';
import { pullActions } from './pull';
import { workplaceActions } from './workplace';

export { type CopyDependencies } from './dependencies';
export { knownRoutes, type Route, type RouteTo } from './route';

type CopyActions =
  | 'checkBackupHost'
  | 'readWorkplace'
  | 'makeWorkplace'
  | 'removeWorkplace'
  | 'readPull'
  | 'authorizePull'
  | 'revokePull'
  | 'copyAhead'
  | 'copyStore'
  | 'makeArchive'
  | 'readBack';

/** The actions from the store to a verified archive. */
export function copyActions(dependencies: CopyDependencies): Pick<Implementations, CopyActions> {
  const { run, describeJob } = programJobs(dependencies);
  const copiedNothing = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0, tookMs: 0 };

  return {
    ...checkBackupHostAction(dependencies),
    ...workplaceActions(dependencies),
    ...pullActions(dependencies),

    copyAhead: {
      do: (input, context) => run(copyJob(input, 'ahead'), context),
      describe: async (input, context) => describeJob(copyJob(input, 'ahead'), context, copiedNothing),
    },

    copyStore: {
      do: (input, context) => run(copyJob(input, 'cold'), context),
      describe: async (input, context) => describeJob(copyJob(input, 'cold'), context, copiedNothing),
    },

    makeArchive: {
      do(input, context) {
        if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(input.name))
          throw fail('InvalidInput', `archive name ${JSON.stringify(input.name)}: expected letters, digits, . _ and -`);
        return run(archiveJob(input), context);
      },
      async describe(input, context) {
        const archive = `${input.name}.tar.zst`;
        const output = { archive, bytes: 0, sha256: '', manifestSha256: '', tookMs: 0 };
        return describeJob(archiveJob(input), context, output);
      },
    },

    readBack: {
      async do(input, context) {
        return run(readBackJob(input, await readManifest(dependencies, input, context.signal)), context);
      },
      async describe(input, context) {
        const unknown = { sha256: '<sha256>', sumsSha256: '<sha256 of the sums>', rows: null, marker: null };
        const output = { verifiedAt: new Date(0).toISOString(), rows: null, tookMs: 0 };
        return describeJob(readBackJob(input, unknown), context, output);
      },
    },
  };
}
