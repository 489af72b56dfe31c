import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type HostKey, hostKeyAt, newHostKey } from './host-key';
import { DISK, type Machine } from './machine';
import { type Executed, type HostSpec, type LabHost } from './spec';
import { SshServer } from './ssh-server';
import { type Wire } from './wire';

/** A host: a machine with a power switch, behind an SSH server on a network. */
export class SimulatedHost implements LabHost {
  readonly spec: HostSpec;
  readonly #machine: Machine;
  readonly #ssh: SshServer;
  readonly #ownKey: HostKey;
  #key: HostKey;
  #sshOn = true;
  /** Aborted by the power switch; absent while the host is off. */
  #poweredBy: AbortController | undefined;
  #booted: Promise<void> = Promise.resolve();
  #stopped: Promise<void> = Promise.resolve();
  /** Whether the SSH server would serve a connection now. */
  #serving = false;
  #listener: Server | undefined;
  readonly #wires = new Set<Wire>();

  constructor(spec: HostSpec, machine: Machine, addresses: ReadonlyMap<string, string>) {
    this.spec = spec;
    this.#machine = machine;
    this.#ownKey = this.#key = hostKeyAt(spec.hostKey ?? join(spec.directory, '.host/host_key'));
    this.#ssh = new SshServer(spec, machine, addresses, this.#key.private);
    machine.onLost = () => this.#lose();
    spec.network.join(spec.name, spec.address);
  }

  get power(): 'on' | 'off' {
    return this.#poweredBy ? 'on' : 'off';
  }

  get ssh(): boolean {
    return this.#sshOn;
  }

  boot(): Promise<void> {
    if (this.#poweredBy) return this.#booted;
    const power = (this.#poweredBy = new AbortController());
    return (this.#booted = this.#start(power.signal, this.#stopped));
  }

  async #start(power: AbortSignal, stopped: Promise<void>): Promise<void> {
    const poweredOff = () => new Error(`${this.spec.name} was powered off while it booted`);
    await delay(this.spec.bootDelayMs, undefined, { signal: power }).catch(() => undefined);
    await stopped;
    if (power.aborted) throw poweredOff();
    try {
      await this.#machine.start(randomUUID());
    } catch (error) {
      this.#poweredBy = undefined;
      throw error;
    }
    if (power.aborted) throw poweredOff();
    this.#serving = true;
    await this.#listenAsNeeded();
  }

  powerOff(): Promise<void> {
    const booting = this.#booted.catch(() => undefined); // a boot under way ends first, so that nothing of it stays
    this.#lose();
    return (this.#stopped = this.#stopped.then(() => booting).then(() => this.#machine.stop()));
  }

  async shutDown(): Promise<void> {
    await this.#booted.catch(() => undefined);
    this.#serving = false; // nobody new gets in; who is in is told like everybody else
    void this.#listenAsNeeded();
    await this.#machine.shutDown();
    await this.powerOff();
  }

  async wipe(): Promise<void> {
    this.freeDisk();
    await this.powerOff();
    const { directory } = this.spec;
    if (!existsSync(directory)) return;
    // What belongs to the machine rather than to its disk lies beside it.
    for (const part of readdirSync(directory).filter((name) => name !== '.host'))
      rmSync(join(directory, part), { recursive: true, force: true });
  }

  async exec(command: string, { stdin = '' }: { readonly stdin?: string } = {}): Promise<Executed> {
    if (this.power === 'off') throw new Error(`${this.spec.name} is off`);
    await this.#booted;
    const child = this.#machine.spawn(['bash', '-c', command]);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined); // the command may not read it
    child.stdin.end(stdin);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  hostPath(path: string): string {
    return this.#machine.hostPath(path);
  }

  hostPublicKey(): string {
    return this.#key.public;
  }

  async authorize(publicKey: string): Promise<void> {
    const directory = join(this.spec.directory, 'root/.ssh');
    const file = join(directory, 'authorized_keys');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    appendFileSync(file, '', { mode: 0o600 });
    const lines = readFileSync(file, 'utf8');
    if (lines.split('\n').includes(publicKey.trim())) return;
    appendFileSync(file, `${lines === '' || lines.endsWith('\n') ? '' : '\n'}${publicKey.trim()}\n`);
    const { uid, gid } = statSync(directory);
    chownSync(file, uid, gid); // the host edits it too
  }

  setSsh(on: boolean): void {
    this.#sshOn = on;
    if (!on) this.#resetConnections();
    void this.#listenAsNeeded();
  }

  changeHostKey(): void {
    this.#useKey(newHostKey());
  }

  restoreHostKey(): void {
    this.#useKey(this.#ownKey);
  }

  #useKey(key: HostKey): void {
    this.#key = key;
    this.#ssh.useKey(key.private);
  }

  cut(): void {
    this.spec.network.setCut(this.spec.name, true);
    void this.#listenAsNeeded();
  }

  mend(): void {
    this.spec.network.setCut(this.spec.name, false);
    void this.#listenAsNeeded();
  }

  slow(mbps: number | null): void {
    this.spec.network.setSpeed(this.spec.name, mbps);
  }

  fillDisk(volumeMountPoint?: string): void {
    for (const disk of volumeMountPoint === undefined ? this.#disks() : [volumeMountPoint]) this.#machine.fill(disk);
  }

  freeDisk(): void {
    const everywhere = [...(this.spec.volumes ?? []).map((volume) => volume.mountPoint), ...DISK.map((d) => `/${d}`)];
    for (const disk of everywhere) this.#machine.free(disk);
  }

  /** Ends the host for good. */
  async close(): Promise<void> {
    this.spec.network.setCut(this.spec.name, false);
    await this.powerOff();
  }

  #disks(): string[] {
    const volumes = (this.spec.volumes ?? []).map((volume) => volume.mountPoint);
    // Root's home stays writable: it holds the keys by which the host is reached.
    return volumes.length > 0 ? volumes : DISK.filter((part) => part !== 'root').map((part) => `/${part}`);
  }

  /** Everything a power failure does at once. */
  #lose(): void {
    this.#poweredBy?.abort();
    this.#poweredBy = undefined;
    this.#serving = false;
    this.#resetConnections();
    void this.#listenAsNeeded();
  }

  #resetConnections(): void {
    for (const wire of this.#wires) wire.reset();
  }

  /** A cut host's port does not refuse, whatever is behind it: nothing comes back from there. */
  async #listenAsNeeded(): Promise<void> {
    const wanted = (this.#serving && this.#sshOn) || this.spec.network.isCut(this.spec.name);
    if (!wanted) {
      this.#listener?.close();
      this.#listener = undefined;
    } else if (!this.#listener) {
      this.#listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
      this.#listener.listen(this.spec.port, this.spec.address);
    }
    if (this.#listener && !this.#listener.listening) await once(this.#listener, 'listening');
  }

  #accept(socket: Socket): void {
    const wire = this.spec.network.wire(socket, this.spec.name);
    this.#wires.add(wire);
    wire.once('close', () => this.#wires.delete(wire));
    if (this.#serving && this.#sshOn) this.#ssh.serve(wire);
    else wire.reset();
  }
}
