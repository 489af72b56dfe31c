import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { copyStore } from '../../../activities/copy/scripts/copy-store';
import { makeArchive } from '../../../activities/copy/scripts/make-archive';
import { readBack } from '../../../activities/copy/scripts/read-back';
import { serve } from '../../../activities/copy/scripts/serve';
import { cockroachScratch } from '../../../activities/database/cockroach-scratch';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the program left in its job directory. */
  readonly result: unknown;
}

interface Expected {
  readonly rows?: readonly string[];
  readonly marker?: string;
}

/** A database host and a backup host in one directory: the programs run for real, `ssh` and `cockroach` are small scripts. */
export class Hosts {
  readonly root = mkdtempSync(join(tmpdir(), 'programs-'));
  readonly store = join(this.root, 'db', 'store');
  readonly work = join(this.root, 'backup', '.work');
  readonly archives = join(this.root, 'backup', 'archives');
  private readonly bin = join(this.root, 'bin');
  private readonly job = join(this.root, 'job');

  constructor() {
    for (const path of [this.store, this.work, this.archives, this.bin, this.job]) mkdirSync(path, { recursive: true });
    this.file(join(this.root, 'serve'), serve);
    this.program(
      'ssh',
      `[ ! -e ${this.root}/no-ssh ] || exit 255
for last; do :; done
SSH_ORIGINAL_COMMAND=$last exec sh ${this.root}/serve ${this.store} LOCK 'cockroach-temp*' logs`,
    );
    this.program('cockroach', fakeCockroachOfFiles);
  }

  /** Replaces a program on the hosts' PATH. */
  program(name: string, text: string): void {
    this.file(join(this.bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  /** Writes a file of the store. */
  put(path: string, text: string): void {
    this.file(join(this.store, path), text);
  }

  file(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Makes the store look as if nothing had changed for a while: a file just written counts as still changing. */
  age(): void {
    this.agedAt = Math.floor(Date.now() / 1000) + 60;
    this.program('date', `case $1 in +%s) echo ${this.agedAt} ;; *) exec /bin/date "$@" ;; esac`);
  }
  private agedAt = 0;

  copy(mode: 'ahead' | 'cold') {
    return this.run(copyStore, [this.work, mode, 'config']);
  }

  /** How far the last program has said it is. */
  progress(): string {
    return readFileSync(join(this.job, 'progress'), 'utf8').trim();
  }

  archive(facts: object = { site: 'lab', rows: { users: 2 } }) {
    return this.run(makeArchive, [this.work, this.archives, 'bf', JSON.stringify(facts)]);
  }

  readBack(name: string, expected: Expected = {}) {
    const { program, args } = this.readBackProgram(name, expected);
    return this.run(program, args);
  }

  readBackProgram(name: string, { rows = ['users=2'], marker = '' }: Expected = {}) {
    const manifest = this.json(join(this.archives, `${name}.manifest.json`)) as { sha256: string; sumsSha256: string };
    const args = [this.work, join(this.archives, name), manifest.sha256, manifest.sumsSha256, marker, ...rows];
    return { program: readBack(cockroachScratch({ database: 'bf' }).text), args };
  }

  run(program: string, args: readonly string[]): Ended {
    rmSync(join(this.job, 'result'), { force: true });
    const { status, stdout, stderr } = spawnSync('sh', ['-c', program, 'program', ...args], {
      env: this.env,
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr, result: this.json(join(this.job, 'result')) };
  }

  /** Starts a program in a process group of its own, to be killed with everything it has started. */
  start(program: string, args: readonly string[]) {
    return spawn('sh', ['-c', program, 'program', ...args], { env: this.env, detached: true, stdio: 'ignore' });
  }

  json(path: string): unknown {
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  }

  get env() {
    return { PATH: `${this.bin}:${this.path}`, JOB_DIR: this.job, HOME: this.root };
  }

  /** Takes a program away: what is left of the PATH are links to all the others. */
  hide(name: string): void {
    const all = join(this.root, 'all');
    mkdirSync(all);
    for (const directory of ['/bin', '/usr/bin'])
      for (const program of readdirSync(directory))
        if (program !== name && !existsSync(join(all, program)))
          symlinkSync(join(directory, program), join(all, program));
    this.path = all;
  }
  private path = process.env['PATH'];

  remove(): void {
    spawnSync('chmod', ['-R', 'u+rwx', this.root]);
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Serves a store whose file `users` has a line a row: enough of `cockroach` for a read-back. */
export const fakeCockroachOfFiles = `case $1 in
start-single-node)
  for word; do case $word in --store=*) store=\${word#--store=} ;; esac; done
  [ -e "$store/users" ] || { echo 'ERROR: no such store' >&2; exit 1; }
  exec 3< "$store/users"
  trap 'rm -f "$HOME/serving"; exit 0' TERM
  echo "$store" > "$HOME/serving"
  while :; do sleep 0.05; done ;;
sql)
  [ -e "$HOME/serving" ] || { echo 'ERROR: cannot dial server.' >&2; exit 1; }
  for word; do last=$word; done
  case $last in
  *count*from*users*) printf 'count\\n%s\\n' "$(grep -c . "$(cat "$HOME/serving")/users")" ;;
  *from*users*) cat "$(cat "$HOME/serving")/users" ;;
  *version*) printf 'version\\n%s\\n' "$(cat "$HOME/version" 2> /dev/null)" ;;
  *runbook_marker*) printf 'count\\n%s\\n' "$(grep -c -- "$(echo "$last" | cut -d "'" -f 2)" "$(cat "$HOME/serving")/markers")" ;;
  *) printf 'one\\n1\\n' ;;
  esac ;;
esac`;
