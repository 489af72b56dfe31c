import { posix } from 'node:path';
import { createHash } from 'node:crypto';
import { type HostRef } from '../../workflows/contract/site';
import { type Host } from '../ssh/hosts';
import { sh, type ShellText } from '../ssh/shell';

/** A shell program that is put on a host before it runs: its command line stays readable. */
export interface Program {
  readonly name: string;
  readonly text: string;
}

/** A directory beside the jobs of a host: relative to the login directory unless the jobs' is absolute. */
export const besideJobs = ({ jobs }: HostRef, ...path: string[]): string =>
  posix.join(posix.dirname(jobs.directory), ...path);

/** Named after its content: a job keeps the program it was started with, whatever another worker puts there. */
export function programPath(ref: HostRef, { name, text }: Program): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return besideJobs(ref, 'programs', `${name}-${digest}.sh`);
}

/** The command that runs a program that has been put there. */
export function runProgram(ref: HostRef, program: Program, args: readonly string[]): ShellText {
  return sh`sh ${programPath(ref, program)} ${args}`;
}

/** Puts a program on a host, whole or not at all, unless it is there: a full disk keeps none from being run again. */
export async function putProgram(host: Host, program: Program, signal: AbortSignal): Promise<void> {
  const path = programPath(host.ref, program);
  const directory = posix.dirname(path);
  await host.run(
    sh`[ -s ${path} ] || { mkdir -p ${directory} && new=$(mktemp ${`${directory}/new.XXXXXX`}) && cat > "$new" && sync "$new" && mv "$new" ${path}; }`,
    { signal, stdin: program.text },
  );
}
