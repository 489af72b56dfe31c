import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import { type HostSpec } from './spec';

/** Where a host's programs are looked for; `/lab/bin` holds those the lab adds. */
export const HOST_PATH = '/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** How long an orderly shutdown waits for processes to end. */
export const SHUTDOWN_LIMIT_MS = 10_000;

/** The processes and file system of one host, as one kind of isolation makes them. */
export interface Machine {
  /** Called once when the machine ended without `stop`. */
  onLost: () => void;
  start(bootId: string): Promise<void>;
  /** SIGKILL to everything that runs there; resolves when nothing is left. */
  stop(): Promise<void>;
  /** TERM to everything that runs there; resolves when all of it ended or the limit is over, and the machine stopped. */
  shutDown(): Promise<void>;
  /** Starts a program as the leader of its own session, in root's home. */
  spawn(argv: readonly string[], env?: Record<string, string>): ChildProcessWithoutNullStreams;
  /** Sends a signal to the process group of something `spawn` started. */
  signal(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void;
  hostPath(path: string): string;
  fill(mountPoint: string): void;
  free(mountPoint: string): void;
}

/** The directories of a host's disk that outlive a reboot. */
export const DISK = ['bfdata', 'home', 'root', 'var'] as const;

/** What every process of a host has in its environment, home and PATH aside. */
export function commonEnvironment(spec: HostSpec): Record<string, string> {
  return { USER: 'root', LOGNAME: 'root', SHELL: '/bin/bash', LANG: 'C.UTF-8', LAB_HOST: spec.name };
}

/** Signals a process, or a group by its negative number; it is no error that there is none any more. */
export function killIfThere(pid: number, signal: NodeJS.Signals): void {
  if (!Number.isInteger(pid) || Math.abs(pid) < 2) throw new RangeError(`${pid} is no process or group of a host`);
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** One word for a POSIX shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
