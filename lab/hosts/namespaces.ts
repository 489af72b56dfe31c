import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { prepareDisk } from './disk';
import { commonEnvironment, HOST_PATH, killIfThere, type Machine, SHUTDOWN_LIMIT_MS } from './machine';
import { deviceOf, namespaceScript } from './namespace-script';
import { FILL_SCRIPT } from './full-disk';
import { type HostSpec } from './spec';

interface Running {
  readonly init: ChildProcessWithoutNullStreams;
  /** The pid of the host's pid 1, as the lab sees it. */
  readonly pid: number;
  readonly ended: Promise<unknown>;
}

/** A host in Linux user, mount, process and UTS namespaces; its pid 1 is a bash that lives as long as the lab does. */
export class NamespaceMachine implements Machine {
  onLost = (): void => undefined;
  readonly #spec: HostSpec;
  readonly #script: string;
  readonly #full = new Set<string>();
  #running: Running | undefined;

  constructor(spec: HostSpec, hosts: readonly HostSpec[]) {
    this.#spec = spec;
    this.#script = namespaceScript(spec, hosts);
  }

  async start(bootId: string): Promise<void> {
    prepareDisk(this.#spec, bootId);
    const script = join(this.#spec.directory, '.host/init');
    writeFileSync(script, this.#script);
    const unshare = ['--user', '--map-root-user', '--mount', '--pid', '--uts', '--fork', '--kill-child'];
    const init = spawn('unshare', [...unshare, 'bash', '--norc', script], {
      detached: true, // the terminal's Ctrl-C is for the lab, which then ends its hosts
      env: this.#environment(),
    });
    const ended = once(init, 'exit');
    init.stdin.on('error', () => undefined);
    this.#running = { init, pid: await readyPid(init, this.#spec.name), ended };
    void ended.then(() => {
      if (this.#running?.init !== init) return;
      this.#running = undefined;
      this.onLost();
    });
    for (const mountPoint of this.#full) this.#disk('fill', mountPoint);
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    killIfThere(running.pid, 'SIGKILL'); // the kernel ends everything in a PID namespace with its pid 1
    await running.ended;
  }

  async shutDown(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.init.stdin.write('shutdown\n');
    const limit = new AbortController();
    const over = delay(SHUTDOWN_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined);
    await Promise.race([running.ended, over]);
    limit.abort();
    await this.stop();
  }

  spawn(argv: readonly string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    const inside = ['setsid', 'sh', '-c', 'cd && exec "$@"', 'sh', ...argv];
    return spawn('nsenter', [...this.#enter(), ...inside], {
      detached: true,
      env: { ...this.#environment(), ...env },
    });
  }

  signal(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
    // nsenter stays outside and waits; its one child leads the command's own session and group.
    const leader = child.pid === undefined ? 0 : onlyChild(child.pid);
    if (leader > 0) killIfThere(-leader, signal);
  }

  hostPath(path: string): string {
    return path;
  }

  fill(mountPoint: string): void {
    this.#full.add(mountPoint);
    if (this.#running) this.#disk('fill', mountPoint);
  }

  free(mountPoint: string): void {
    if (this.#full.delete(mountPoint) && this.#running) this.#disk('free', mountPoint);
  }

  #disk(change: 'fill' | 'free', mountPoint: string): void {
    const isVolume = this.#spec.volumes?.some((volume) => volume.mountPoint === mountPoint) ?? false;
    const disk = isVolume ? [deviceOf(mountPoint), mountPoint] : [mountPoint];
    const argv = ['bash', '-c', FILL_SCRIPT, 'bash', change, ...disk];
    execFileSync('nsenter', [...this.#enter(), ...argv], { env: this.#environment(), stdio: 'pipe' });
  }

  #enter(): string[] {
    if (!this.#running) throw new Error(`${this.#spec.name} is off`);
    return ['-t', String(this.#running.pid), '-U', '-m', '-p', '-u', '--preserve-credentials'];
  }

  #environment(): Record<string, string> {
    return { ...commonEnvironment(this.#spec), HOME: '/root', PATH: HOST_PATH };
  }
}

async function readyPid(init: ChildProcessWithoutNullStreams, name: string): Promise<number> {
  let said = '';
  let complaints = '';
  init.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  return new Promise((resolve, reject) => {
    init.stdout.setEncoding('utf8').on('data', (text: string) => {
      const pid = /^ready (\d+)\n/m.exec((said += text))?.[1];
      if (pid) resolve(Number(pid));
    });
    init.on('error', reject);
    init.on('exit', () =>
      reject(new Error(`${name} did not start: ${complaints.trim() || 'its first process ended'}`)),
    );
  });
}

/** 0 where the process or its child has ended. */
function onlyChild(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  } catch {
    return 0;
  }
}
