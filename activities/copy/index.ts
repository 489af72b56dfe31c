import { type z } from 'zod';
import { type HostRef } from '../../workflows/contract/site';
import { type Description } from '../../workflows/contract/calls';
import { powerOf } from '../cloud';
import { manifestOf } from '../archive/manifest';
import { fail } from '../failures';
import { type ActionContext, type Implementations } from '../implementation';
import { sh } from '../ssh/shell';
import { checkBackupHostAction } from './check-backup-host';
import { type CopyDependencies } from './dependencies';
import { type ProgramJob, refuseIfOff, runProgramJob } from './program-job';
import { runProgram } from './programs';
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
  const { openstack, ssh } = dependencies;
  const isOff = (host: HostRef, signal: AbortSignal) => async () =>
    (await powerOf(openstack, host, { signal })) === 'off';
  const run = <R extends z.ZodType>(job: ProgramJob<R>, context: ActionContext) =>
    runProgramJob(ssh, job, context, isOff(job.host, context.signal));
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
        const { workplace, directory, archive } = input;
        const path = `${directory}/${archive}.manifest.json`;
        const { signal } = context;
        const { stdout } = await ssh
          .host(workplace.host)
          .run(sh`cat ${path}`, { signal })
          .catch((error) => refuseIfOff(error, workplace.host, isOff(workplace.host, signal)));
        const manifest = manifestOf(stdout);
        if (manifest) return run(readBackJob(input, manifest), context);
        throw fail('ResourceFailed', `${path} on ${workplace.host.name} is no manifest: this archive is no backup`, {
          target: `directory/${workplace.host.name}${directory}`,
          operation: 'readBack',
        });
      },
      async describe(input, context) {
        const unknown = { sha256: '<sha256>', sumsSha256: '<sha256 of the sums>', rows: null, marker: null };
        const output = { verifiedAt: new Date(0).toISOString(), rows: null, tookMs: 0 };
        return describeJob(readBackJob(input, unknown), context, output);
      },
    },
  };

  function describeJob<O extends object>(
    job: { host: HostRef; program: { name: string; text: string }; args: readonly string[] },
    { call }: ActionContext,
    output: O,
  ): Description<O & { key: string; host: string; starts: number }> {
    return {
      command: ssh.render(job.host, runProgram(job.host, job.program, job.args)),
      now: null,
      changes: true,
      output: { ...output, key: call.key, host: job.host.name, starts: 0 },
    };
  }
}
