import { type z } from 'zod';
import { type Description } from '../../workflows/contract/calls';
import { type HostRef } from '../../workflows/contract/site';
import { powerOf } from '../cloud';
import { fail, failureTypeOf } from '../failures';
import { type ActionContext } from '../implementation';
import { followJob } from '../ssh/follow';
import { type OpenStack } from '../openstack';
import { type SshHosts } from '../ssh/hosts';
import { type FinishedJob } from '../ssh/jobs';
import { type CopyDependencies } from './dependencies';
import { type Program, putProgram, runProgram } from './programs';

/** A program as a remote job, with the shape of what it leaves in `$JOB_DIR/result`. */
export interface ProgramJob<R extends z.ZodType> {
  readonly host: HostRef;
  readonly program: Program;
  readonly args: readonly string[];
  readonly result: R;
}

/**
 * Starts a program as the job of this action, or attaches to it, and returns its result.
 *
 * @param isOff see `FollowOptions`
 * @throws `ResourceFailed` with the program's last words when it fails; else as `followJob`.
 */
export async function runProgramJob<R extends z.ZodType>(
  ssh: SshHosts,
  { host, program, args, result }: ProgramJob<R>,
  context: ActionContext,
  isOff: () => Promise<boolean> = async () => false,
): Promise<{ key: string; host: string; starts: number } & z.output<R>> {
  const { call, signal, jobStarted } = context;
  if (!jobStarted) await putProgram(ssh.host(host), program, signal).catch((error) => refuseIfOff(error, host, isOff));
  let started = jobStarted;
  const job = await followJob(
    ssh.jobs(host),
    {
      key: call.key,
      command: runProgram(host, program, args),
      fence: call.fence ?? undefined,
      alreadyStarted: jobStarted,
      title: call.title,
    },
    {
      signal,
      isOff,
      onProgress: (seen) => {
        if (seen.started && !started) context.markJobStarted();
        started ||= seen.started;
        if (seen.progress) context.progress(seen.progress);
      },
    },
  );
  if (job.exitCode !== 0) throw failed(call.title, host, job);
  return { key: call.key, host: host.name, starts: job.starts, ...(parse(job, result, call.title) as object) } as {
    key: string;
    host: string;
    starts: number;
  } & z.output<R>;
}

/** How the programs of actions are run and described. */
export function programJobs({ openstack, ssh }: Pick<CopyDependencies, 'openstack' | 'ssh'>) {
  return {
    run: <R extends z.ZodType>(job: ProgramJob<R>, context: ActionContext) =>
      runProgramJob(ssh, job, context, () => isOff(openstack, job.host, context.signal)),

    describeJob: <O extends object>(
      { host, program, args }: Omit<ProgramJob<z.ZodType>, 'result'>,
      { call }: ActionContext,
      output: O,
    ): Description<O & { key: string; host: string; starts: number }> => ({
      command: ssh.render(host, runProgram(host, program, args)),
      now: null,
      changes: true,
      output: { ...output, key: call.key, host: host.name, starts: 0 },
    }),
  };
}

/** Whether the cloud says that nothing can run on a host. */
export async function isOff(openstack: OpenStack, host: HostRef, signal: AbortSignal): Promise<boolean> {
  return (await powerOf(openstack, host, { signal })) === 'off';
}

/** @throws the error, or `ResourceFailed` where it is due to a host that is off */
export async function refuseIfOff(error: unknown, host: HostRef, isOff: () => Promise<boolean>): Promise<never> {
  if (failureTypeOf(error) !== 'Unavailable' || !(await isOff())) throw error;
  throw fail('ResourceFailed', `${host.name} is off. See: openstack server show ${host.server?.name ?? host.name}`, {
    target: `host/${host.name}`,
    operation: 'job',
  });
}

function parse<R extends z.ZodType>(job: FinishedJob, result: R, title: string): z.output<R> {
  try {
    return result.parse(JSON.parse(job.result ?? ''));
  } catch (error) {
    throw fail('ResourceFailed', `${title}: it ended well, but left no result that makes sense`, {}, error);
  }
}

function failed(title: string, host: HostRef, { exitCode, stderrTail }: FinishedJob): Error {
  const lines = stderrTail.trim().split('\n').filter(Boolean);
  const last = lines.at(-1) ?? (exitCode > 128 ? 'a signal ended it' : `it ended with exit code ${exitCode}`);
  // What the tools said stands above the program's own last words, which refer to it.
  const before = lines.length > 1 && /stands above$/.test(last) ? ` (${lines.at(-2)})` : '';
  return fail('ResourceFailed', `${title}: ${last}${before}`, {
    target: `host/${host.name}`,
    operation: 'job',
    exitCode,
    stderrTail: stderrTail.slice(-2000),
  });
}
