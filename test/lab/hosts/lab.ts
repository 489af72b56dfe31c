import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientChannel, type ConnectConfig, type ExecOptions } from 'ssh2';
import { newHostKey } from '../../../lab/hosts/host-key';
import { createHosts, type HostSpec, type Isolation, type LabHost, LabNetwork } from '../../../lab/hosts/host';

/** Distinct for each test process, and below the ports the system hands out. */
const PORT = 10_000 + (process.pid % 20_000);

export const user = newHostKey();

export interface TestLab {
  readonly directory: string;
  host(name: string): LabHost;
  close(): Promise<void>;
}

/** A lab with these hosts, all booted, that root may log in to with `user`'s key. */
export async function startLab(
  names: string[],
  { isolation, ...extra }: Partial<HostSpec> & { isolation?: Isolation } = {},
): Promise<TestLab> {
  const directory = mkdtempSync(join(tmpdir(), 'lab-hosts-'));
  chmodSync(directory, 0o755); // without namespaces, a lab run by root runs its hosts as nobody
  const network = new LabNetwork();
  const specs = names.map((name, index) => ({
    ...{ name, address: `127.77.${process.pid % 250}.${index + 1}`, port: PORT, network, bootDelayMs: 10 },
    ...{
      directory: join(directory, name),
      volumes: [{ mountPoint: '/backup', directory: join(directory, `${name}.volume`) }],
    },
    ...extra,
  }));
  const lab = await createHosts(specs, isolation);
  await Promise.all(Object.values(lab.hosts).map(async (host) => (await host.boot(), host.authorize(user.public))));
  const host = (name: string) => lab.hosts[name] as LabHost;
  return {
    directory,
    host,
    close: async () => {
      await lab.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An SSH connection that accepts only the host's present key; `end` it. */
export async function connect(host: LabHost, options: ConnectConfig = {}): Promise<Client> {
  const client = new Client();
  client.on('error', () => undefined); // a reset connection is what several tests are about
  const expected = host.hostPublicKey().split(' ')[1] as string;
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve).once('error', reject);
    client.connect({
      ...{ host: host.spec.address, port: host.spec.port, username: 'root', privateKey: user.private },
      hostVerifier: (key: Buffer) => key.toString('base64') === expected,
      ...options,
    });
    client.setNoDelay(true);
  });
  return client;
}

export interface Outcome {
  /** A number, null for a signal, undefined where the connection was lost. */
  code: number | null | undefined;
  signal?: string;
  stdout: string;
  stderr: string;
}

/** Runs a command; `during` gets the channel to write to or signal. */
export async function run(
  client: Client,
  command: string,
  {
    during = (channel: ClientChannel) => void channel.end(),
    ...options
  }: ExecOptions & { during?: (c: ClientChannel) => void } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    client.exec(command, options, (error, channel) => {
      if (error) return reject(error);
      const outcome: Outcome = { code: undefined, stdout: '', stderr: '' };
      channel.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
      channel.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
      channel.on('exit', (code: number | null, signal?: string) => Object.assign(outcome, { code, signal }));
      channel.on('close', () => resolve(outcome));
      during(channel);
    });
  });
}

/** Starts a command that will take long; resolves once it runs, `first` being done. */
export async function begin(
  client: Client,
  command: string,
  first = ':',
): Promise<{ channel: ClientChannel; outcome: Promise<Outcome> }> {
  return new Promise((resolve, reject) => {
    const outcome = run(client, `${first}; echo started; ${command}`, {
      during: (channel) => void channel.once('data', () => resolve({ channel, outcome })),
    });
    outcome.catch(reject);
  });
}

/** Asks again every few milliseconds until the answer is yes. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 8000,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(10);
  }
}

/** Whether a file grows no more: nobody who wrote to it twice in 100 ms is left. */
export async function isSilent(file: string): Promise<boolean> {
  const length = () => (existsSync(file) ? readFileSync(file).length : 0);
  const before = length();
  await delay(400);
  return length() === before;
}
