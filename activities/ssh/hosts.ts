import { join } from 'node:path';
import { type ClientChannel } from 'ssh2';
import { type HostRef } from '../../workflows/contract/site';
import { fail } from '../failures';
import { SshConfigFile, type Target } from './config';
import { connect, type Connection } from './connect';
import { findCredentials, KeyFiles } from './credentials';
import { exec } from './exec';
import { type Host } from './host';
import { HostKeys } from './host-key';
import { createRemoteJobs, type RemoteJobs } from './jobs';
import { ConnectionPool, type Lease } from './pool';
import { sh, type ShellText } from './shell';

export { type CommandResult, type RunOptions } from './exec';
export { type Host } from './host';

/** The SSH hosts of all sites; connections are shared and kept open between commands. */
export interface SshHosts {
  host(ref: HostRef): Host;
  /** The remote jobs of a host; see `RemoteJobs`. */
  jobs(ref: HostRef): RemoteJobs;
  /** The command line with which an operator would run this command. */
  render(ref: HostRef, command: ShellText): string;
  /** Closes all connections; commands under way lose theirs. */
  close(): Promise<void>;
}

export interface SshHostsOptions {
  /** `RUNBOOK_KNOWN_HOSTS`, `RUNBOOK_SSH_CONFIG`, `RUNBOOK_SSH_KEY` and `SSH_AUTH_SOCK` are looked at. */
  readonly env: NodeJS.ProcessEnv;
  /** Where `.ssh` is. */
  readonly home: string;
  /** Instead of what the environment and the configuration say. */
  readonly knownHostsFiles?: readonly string[];
  /** TCP, host key and login together, for each hop. @default 10 000 */
  readonly connectTimeoutMs?: number;
  /** A host that has been silent this long is given up. @default 10 000 */
  readonly keepAliveMs?: number;
  /** An unused connection is closed after this time. @default 60 000 */
  readonly idleMs?: number;
  /** Unused connections that are kept; each costs its host and the worker a keep-alive every few seconds. @default 64 */
  readonly mostIdle?: number;
  /** Commands at a time on one connection; more wait. @default 8 */
  readonly channels?: number;
}

/** Makes the SSH side of the activities. Nothing is connected before the first command. */
export function createSshHosts(options: SshHostsOptions): SshHosts {
  const { env, home, connectTimeoutMs = 10_000, keepAliveMs = 10_000 } = options;
  const { idleMs = 60_000, mostIdle = 64, channels = 8 } = options;
  const config = new SshConfigFile(env['RUNBOOK_SSH_CONFIG'] || join(home, '.ssh', 'config'), home);
  const hostKeys = new HostKeys();
  const keyFiles = new KeyFiles();
  const pool = new ConnectionPool({ connect: open, channels, idleMs, mostIdle });

  function knownHostsFiles(target: Target): readonly string[] {
    if (options.knownHostsFiles) return options.knownHostsFiles;
    if (env['RUNBOOK_KNOWN_HOSTS']) return [env['RUNBOOK_KNOWN_HOSTS']];
    return [...(target.knownHostsFiles ?? [join(home, '.ssh', 'known_hosts')]), '/etc/ssh/ssh_known_hosts'];
  }

  async function open(target: Target): Promise<Connection> {
    const files = knownHostsFiles(target);
    const credentials = findCredentials(target.user, target.identityFiles, env, home, keyFiles);
    const jump = target.jump && (await pool.lease(target.jump));
    try {
      const connection = await connect(target, {
        credentials,
        hostKeyAlgorithms: hostKeys.preferred(target.host, target.port, files),
        verify: (key) => hostKeys.verify(key, target.host, target.port, files),
        through: jump && (await forward(jump, target)),
        connectTimeoutMs,
        keepAliveMs,
      });
      connection.client.on('close', () => jump?.release());
      return connection;
    } catch (error) {
      jump?.release();
      throw error;
    }
  }

  const hostOf = (ref: HostRef): Host => ({
    ref,
    async run(command, run = {}) {
      run.signal?.throwIfAborted();
      const lease = await abortable(pool.lease(config.resolve(ref)), run.signal);
      try {
        const leave = await lease.channels.take(run.signal);
        return await exec(lease.client, ref.name, command, run).finally(leave);
      } finally {
        lease.release();
      }
    },
  });

  return {
    host: hostOf,
    jobs: (ref) => createRemoteJobs(hostOf(ref)),
    render: renderSsh,
    close: () => pool.close(),
  };
}

function forward(jump: Lease, to: Target): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    jump.client.forwardOut('127.0.0.1', 0, to.host, to.port, (error, channel) => {
      if (!error) return resolve(channel);
      const message = `the jump host does not reach ${to.host}:${to.port}: ${error.message}`;
      reject(fail('Unavailable', message, { target: `host/${to.host}`, operation: 'ssh.connect' }, error));
    });
  });
}

/** Waits no longer than the signal; a lease that comes too late is given back. */
function abortable(lease: Promise<Lease>, signal?: AbortSignal): Promise<Lease> {
  if (!signal) return lease;
  return new Promise((resolve, reject) => {
    const abort = () => {
      lease.then(
        (late) => late.release(),
        () => undefined,
      );
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    const done = () => signal.removeEventListener('abort', abort);
    lease.then(
      (made) => (done(), signal.aborted ? undefined : resolve(made)),
      (error: Error) => (done(), reject(error)),
    );
  });
}

function renderSsh(ref: HostRef, command: ShellText): string {
  const port = ref.port === undefined ? sh`` : sh` -p ${ref.port}`;
  const login = ref.user === undefined ? ref.address : `${ref.user}@${ref.address}`;
  // Always in quotes, as the local shell must leave it alone whatever it is.
  return `${sh`ssh${port} ${login} --`.text} '${command.text.replaceAll("'", `'\\''`)}'`;
}
