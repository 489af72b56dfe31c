import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostRef } from '../../../workflows/contract/site';
import { fail } from '../../../activities/failures';
import { type ActionContext, type Progress } from '../../../activities/implementation';
import { type CommandResult, type Host, type RunOptions, type SshHosts } from '../../../activities/ssh/hosts';
import { createRemoteJobs } from '../../../activities/ssh/jobs';
import { type ShellText } from '../../../activities/ssh/shell';

/** Hosts on this machine: commands run for real, each host with a home and a directory of programs of its own. */
export class LocalHosts implements SshHosts {
  readonly root = mkdtempSync(join(tmpdir(), 'hosts-'));
  /** Every command line that was run, as `<host>: <command>`. */
  readonly ran: string[] = [];
  /** Hosts that do not answer, and with what. */
  readonly silent = new Map<string, Error>();

  ref(name: string, more: Partial<HostRef> = {}): HostRef {
    mkdirSync(this.home(name), { recursive: true });
    mkdirSync(this.bin(name), { recursive: true });
    return { name, address: '127.0.0.1', jobs: { directory: '.runbook/jobs', keepDays: 14 }, ...more };
  }

  home = (name: string) => join(this.root, name, 'home');
  bin = (name: string) => join(this.root, name, 'bin');

  /** Puts a program on a host's PATH, before the machine's own. */
  program(host: string, name: string, text: string): void {
    mkdirSync(this.bin(host), { recursive: true });
    const path = join(this.bin(host), name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }

  host(ref: HostRef): Host {
    return { ref, run: (command, options = {}) => this.run(ref.name, command, options) };
  }

  jobs(ref: HostRef) {
    return createRemoteJobs(this.host(ref));
  }

  render(ref: HostRef, command: ShellText): string {
    return `ssh ${ref.name} -- ${command.text}`;
  }

  async close(): Promise<void> {
    rmSync(this.root, { recursive: true, force: true });
  }

  private run(
    host: string,
    command: ShellText,
    { signal, stdin, allowExit = [0] }: RunOptions,
  ): Promise<CommandResult> {
    const silence = this.silent.get(host);
    if (silence) return Promise.reject(silence);
    this.ran.push(`${host}: ${command.text}`);
    const env = { HOME: this.home(host), PATH: `${this.bin(host)}:${process.env['PATH']}`, HOSTS: this.root };
    return new Promise((resolve, reject) => {
      const child = spawn('sh', ['-c', command.text], { env, cwd: this.home(host), signal });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
      child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
      child.stdin.on('error', () => undefined);
      child.stdin.end(stdin ?? '');
      child.on('error', reject);
      child.on('close', (code) => {
        const exitCode = code ?? 255;
        if (allowExit.includes(exitCode)) return resolve({ stdout, stderr, exitCode });
        const details = { exitCode, stderrTail: stderr };
        reject(fail('ResourceFailed', `${host}: exit code ${exitCode}: ${stderr}`, details));
      });
    });
  }
}

/** What an action is given besides its input; `seen` collects its progress. */
export function contextFor(more: Partial<ActionContext> = {}): ActionContext & { readonly seen: Progress[] } {
  const seen: Progress[] = [];
  return {
    call: {
      site: 'lab',
      runbook: 'daily-backup',
      workflowId: 'daily-backup/lab/1',
      runId: 'run-1',
      title: 'Step',
      key: `key-${Math.random().toString(36).slice(2)}`,
      fence: null,
      guard: null,
      alarm: [],
    },
    signal: new AbortController().signal,
    deadlineMs: Date.now() + 60_000,
    attempt: 1,
    jobStarted: false,
    progress: (progress) => void seen.push(progress),
    markJobStarted: () => undefined,
    ...more,
    seen,
  };
}

/** Waits for a condition, at most 10 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
