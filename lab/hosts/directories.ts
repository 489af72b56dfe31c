import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DIRECTORY_INIT, MOUNT_SCRIPT } from './directory-scripts';
import { prepareDisk } from './disk';
import { commonEnvironment, DISK, HOST_PATH, killIfThere, type Machine, quote, SHUTDOWN_LIMIT_MS } from './machine';
import { scpWrapper, sshConfigFor, sshWrapper } from './neighbours';
import { type HostSpec } from './spec';

/** Whom a host's processes run as where the lab itself is root: nobody, as nothing else keeps them off the machine. */
const NOBODY = 65534;

/**
 * A host as a directory, for kernels without user namespaces: its paths are directories in it, its processes are
 * known by a mark in their environment or by working there. A process that clears its environment and works elsewhere
 * escapes the power switch; names, process lists, free space and the boot id file are the machine's own.
 */
export class DirectoryMachine implements Machine {
  onLost = (): void => undefined;
  readonly #spec: HostSpec;
  readonly #hosts: readonly HostSpec[];
  #init: ChildProcessWithoutNullStreams | undefined;
  #shuttingDown = false;

  constructor(spec: HostSpec, hosts: readonly HostSpec[]) {
    this.#spec = spec;
    this.#hosts = hosts;
  }

  async start(bootId: string): Promise<void> {
    prepareDisk(this.#spec, bootId);
    this.#furnish();
    const init = spawn(
      'bash',
      ['--norc', '-c', DIRECTORY_INIT, 'init', this.#root(), String(SHUTDOWN_LIMIT_MS / 1000)],
      {
        cwd: '/',
        detached: true,
        env: { PATH: HOST_PATH },
      },
    );
    init.stdin.on('error', () => undefined);
    this.#init = init;
    this.#shuttingDown = false;
    init.once('exit', () => {
      if (this.#init !== init) return;
      this.#init = undefined;
      this.onLost();
    });
    for (const { name, command } of this.#spec.services ?? []) {
      const log = this.hostPath(`/var/log/${name}.log`);
      const service = this.spawn(['sh', '-c', `exec >>${quote(log)} 2>&1 </dev/null; ${command}`]);
      service.on('error', () => undefined); // its log says what there is to say
    }
  }

  async stop(): Promise<void> {
    const init = this.#init;
    this.#init = undefined;
    if (!init) return;
    const ended = once(init, 'exit');
    if (this.#shuttingDown)
      init.kill('SIGTERM'); // it waits no longer
    else init.stdin.end();
    await ended;
  }

  async shutDown(): Promise<void> {
    const init = this.#init;
    if (!init) return;
    this.#shuttingDown = true;
    const ended = once(init, 'exit');
    init.stdin.end('shutdown\n');
    await ended;
  }

  spawn(argv: readonly string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    if (!this.#init) throw new Error(`${this.#spec.name} is off`);
    return spawn('sh', ['-c', 'cd && exec "$@"', 'sh', ...argv], {
      ...(isMachineRoot() ? { uid: NOBODY, gid: NOBODY } : {}),
      detached: true,
      env: { ...this.#environment(), ...env },
    });
  }

  signal(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
    if (child.pid !== undefined) killIfThere(-child.pid, signal);
  }

  hostPath(path: string): string {
    const { volumes = [], binds = [] } = this.#spec;
    const within = (base: string) => path === base || path.startsWith(`${base}/`);
    const bind = binds.find(({ to }) => within(to));
    if (bind) return bind.from + path.slice(bind.to.length);
    if (within('/lab/bin')) return join(this.#root(), '.host/bin', path.slice('/lab/bin'.length));
    if (path === '/proc/sys/kernel/random/boot_id') return join(this.#root(), '.host/boot_id');
    const own = [...DISK.map((part) => `/${part}`), '/tmp', '/run', ...volumes.map((volume) => volume.mountPoint)];
    return own.some(within) ? join(this.#root(), path) : path;
  }

  fill(mountPoint: string): void {
    throw new Error(`${this.#spec.name}: ${mountPoint} can only be filled where hosts are isolated by namespaces`);
  }

  free(): void {
    // nothing was filled
  }

  /** Programs, empty mount points and what does not survive a reboot. */
  #furnish(): void {
    const root = this.#root();
    const bin = join(root, '.host/bin');
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin, { recursive: true });
    const sshConfig = join(root, '.host/ssh_config');
    writeFileSync(sshConfig, sshConfigFor(join(root, 'root'), this.#hosts));
    const programs: Record<string, string> = {
      ssh: sshWrapper(this.#spec, sshConfig),
      scp: scpWrapper(join(bin, 'ssh')),
    };
    for (const name of ['mount', 'umount', 'mountpoint']) programs[name] = MOUNT_SCRIPT;
    for (const { from, to } of this.#spec.binds ?? []) {
      if (to.startsWith('/lab/bin/')) programs[to.slice('/lab/bin/'.length)] = `#!/bin/sh\nexec ${quote(from)} "$@"\n`;
    }
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(bin, name), text, { mode: 0o755 });

    rmSync(join(root, 'run'), { recursive: true, force: true });
    mkdirSync(join(root, 'run'));
    const volumes = this.#spec.volumes ?? [];
    writeFileSync(join(root, '.host/fstab'), volumes.map((v) => `${v.mountPoint}\t${v.directory}\n`).join(''));
    for (const { mountPoint } of volumes) {
      const path = join(root, mountPoint);
      rmSync(path, { recursive: true, force: true }); // a link to the volume, or the empty directory of last time
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o555);
    }
    if (isMachineRoot()) this.#giveToNobody();
  }

  #giveToNobody(): void {
    const root = this.#root();
    const parts = [...DISK, 'tmp', 'run', 'root/.ssh', 'var/log', 'var/lib', 'var/tmp'].map((part) => join(root, part));
    const mountParents = (this.#spec.volumes ?? []).map((volume) => join(root, volume.mountPoint, '..'));
    const keys = join(root, 'root/.ssh');
    const secrets = readdirSync(keys).map((file) => join(keys, file));
    for (const path of [
      ...secrets,
      ...parts,
      ...mountParents,
      ...(this.#spec.volumes ?? []).map((volume) => volume.directory),
    ]) {
      chownSync(path, NOBODY, NOBODY);
    }
  }

  #root(): string {
    return realpathSync(this.#spec.directory);
  }

  #environment(): Record<string, string> {
    const root = this.#root();
    const path = HOST_PATH.replace('/lab/bin', join(root, '.host/bin'));
    return {
      ...commonEnvironment(this.#spec),
      HOME: join(root, 'root'),
      TMPDIR: join(root, 'tmp'),
      PATH: path,
      LAB_ROOT: root,
    };
  }
}

/** Root in a user namespace with no other users is no danger to the machine, and has nobody to hand over to. */
function isMachineRoot(): boolean {
  if (process.getuid?.() !== 0) return false;
  if (!existsSync('/proc/self/uid_map')) return true;
  const [, , count] = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
  return Number(count) > NOBODY;
}
