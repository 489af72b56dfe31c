import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../workers/project';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of `bin/` with an environment that holds nothing but what is given. */
export async function runScript(script: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, [join(projectRoot, script), ...words], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += String(data)));
  child.stderr.on('data', (data) => (stderr += String(data)));
  await once(child, 'close');
  return { status: child.exitCode, stdout, stderr };
}

/** A fresh directory, removed with the machine's temporary files. */
export function freshDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'setup-'));
}

/** Writes a shell script that can be run. */
export function writeProgram(file: string, body: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

export const versionOf = (server: string) => `echo "temporal version 0.0.0-DEV (Server ${server}, UI 2.42.1)"`;
