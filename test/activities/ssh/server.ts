import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, Server, type ServerChannel, utils } from 'ssh2';
import { hostName } from '../../../activities/ssh/known-hosts';
import { reset } from '../../../lab/reset';
import { type HostRef } from '../../../workflows/contract/site';

/** What goes wrong with the next commands; each is consumed by the command it happens to. */
export type Fault = 'drop-before-exec' | 'drop-after-exec' | 'drop-before-exit' | 'no-exit' | 'silent' | 'refuse-exec';

export interface TestKey {
  readonly private: string;
  readonly public: string;
}

/** An SSH server on loopback that runs commands in a real shell with a home directory of its own. */
export class TestHost {
  readonly commands: string[] = [];
  readonly signals: string[] = [];
  readonly faults: Fault[] = [];
  readonly home: string;
  readonly env: Record<string, string> = {};
  port = 0;
  connections = 0;
  openChannels = 0;
  mostChannels = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly children = new Set<ChildProcess>();

  private constructor(
    readonly directory: string,
    readonly hostKeys: TestKey[],
    accepts: TestKey,
  ) {
    this.home = join(directory, 'home');
    mkdirSync(join(directory, 'client', '.ssh'), { recursive: true });
    mkdirSync(this.home);
    const allowed = utils.parseKey(accepts.public);
    if (allowed instanceof Error) throw allowed;
    this.server = new Server({ hostKeys: hostKeys.map((key) => key.private) }, (client) => {
      this.connections++;
      client.on('error', () => undefined);
      client.on('authentication', (context) => {
        if (context.method !== 'publickey' || !allowed.getPublicSSH().equals(context.key.data))
          return context.reject(['publickey']);
        if (context.signature && !allowed.verify(context.blob ?? '', context.signature, context.hashAlgo))
          return context.reject();
        context.accept();
      });
      client.on('ready', () => this.serve(client));
    });
    // The server hides its sockets; a test needs them to cut and to freeze.
    (this.server as unknown as { _srv: { on(event: string, listener: (socket: Socket) => void): void } })._srv.on(
      'connection',
      (socket) => {
        socket.setNoDelay(true);
        this.sockets.add(socket);
        socket.on('close', () => this.sockets.delete(socket));
      },
    );
  }

  static async start(options: { hostKeys?: TestKey[]; accepts?: TestKey; port?: number } = {}): Promise<TestHost> {
    const directory = mkdtempSync(join(tmpdir(), 'ssh-host-'));
    const host = new TestHost(directory, options.hostKeys ?? [makeKey()], options.accepts ?? clientKey);
    await new Promise<void>((resolve) => host.server.listen(options.port ?? 0, '127.0.0.1', resolve));
    host.port = (host.server.address() as AddressInfo).port;
    writeFileSync(
      host.knownHosts,
      host.hostKeys.map((key) => `${hostName('127.0.0.1', host.port)} ${key.public}\n`).join(''),
    );
    writeFileSync(host.keyFile, clientKey.private, { mode: 0o600 });
    chmodSync(host.keyFile, 0o600);
    return host;
  }

  /** Connections that are open now. */
  get live(): number {
    return this.sockets.size;
  }

  get knownHosts(): string {
    return join(this.directory, 'client', '.ssh', 'known_hosts');
  }

  get keyFile(): string {
    return join(this.directory, 'client', '.ssh', 'id_ed25519');
  }

  get clientHome(): string {
    return join(this.directory, 'client');
  }

  get ref(): HostRef {
    return {
      name: 'db1',
      address: '127.0.0.1',
      port: this.port,
      user: 'operator',
      jobs: { directory: '.runbook/jobs', keepDays: 14 },
    };
  }

  /** Resets all connections. */
  cut(): void {
    for (const socket of this.sockets) reset(socket);
  }

  /** Goes on accepting and acknowledging, but says nothing more. */
  freeze(): void {
    for (const socket of this.sockets) socket.pause();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const child of this.children) if (child.pid) killGroup(child.pid);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private serve(client: Connection): void {
    client.on('tcpip', (accept, _reject, { destIP, destPort }) => {
      const channel = accept();
      const socket = connect(destPort, destIP, () => socket.pipe(channel).pipe(socket));
      socket.on('error', () => channel.close());
    });
    client.on('session', (acceptSession) => {
      const fault = this.faults.shift();
      if (fault === 'drop-before-exec') return this.cut();
      const session = acceptSession();
      let child: ChildProcess | undefined;
      session.on('signal', (accept, _reject, { name }) => {
        accept?.();
        this.signals.push(name);
        if (child?.pid) killGroup(child.pid, `SIG${name}`);
      });
      session.on('exec', (accept, reject, { command }) => {
        if (fault === 'refuse-exec') return reject();
        this.commands.push(command);
        child = this.run(command, accept(), fault);
      });
    });
  }

  private run(command: string, channel: ServerChannel, fault: Fault | undefined): ChildProcess {
    this.mostChannels = Math.max(this.mostChannels, ++this.openChannels);
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.home, ...this.env };
    const child = spawn('/bin/sh', ['-c', command], { cwd: this.home, env, detached: true });
    this.children.add(child);
    if (fault === 'silent') this.freeze();
    channel.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    channel.pipe(child.stdin);
    child.stdout.on('data', (data: Buffer) => channel.write(data));
    child.stderr.on('data', (data: Buffer) => channel.stderr.write(data));
    if (fault === 'drop-after-exec') this.cut();
    // As sshd does: the status when the process ends, the end of the channel when nobody holds its output any more.
    child.on('exit', (code, signal) => {
      this.openChannels--;
      if (fault === 'drop-before-exit') return this.cut();
      if (fault === 'silent' || fault === 'no-exit') return;
      if (signal) channel.exit(signal.replace('SIG', ''), false, '');
      else channel.exit(code ?? 0);
    });
    child.on('close', () => {
      this.children.delete(child);
      // Closed at once, what still waits for the client's window would be lost.
      if (fault !== 'silent') channel.end(() => channel.close());
    });
    return child;
  }
}

/** A key of ssh2's maker that parses: one in 241 does not. */
export function makeKey(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519'): TestKey {
  for (;;) {
    const key =
      type === 'ed25519'
        ? utils.generateKeyPairSync('ed25519')
        : type === 'ecdsa'
          ? utils.generateKeyPairSync('ecdsa', { bits: 256 })
          : utils.generateKeyPairSync('rsa', { bits: 2048 });
    if (!(utils.parseKey(key.private) instanceof Error)) return key;
  }
}

export const clientKey = makeKey();

/** Waits until a condition holds; fails after the deadline. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 10_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function killGroup(pid: number, signal = 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended already
  }
}

/** Runs a test against a port that accepts connections and never says anything. */
export async function withMutePort(body: (port: number) => Promise<void>): Promise<void> {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  try {
    await body((mute.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  }
}
