import { connect as connectTcp } from 'node:net';
import { type ApplicationFailure } from '@temporalio/common';
import { Client, type ClientChannel, type ClientErrorExtensions, type ServerHostKeyAlgorithm } from 'ssh2';
import { fail } from '../failures';
import { type Target } from './config';
import { type Credentials } from './credentials';

/** A logged-in connection; `client` emits `close` when it is over, by whichever side. */
export interface Connection {
  readonly client: Client;
  /** Says goodbye and closes at once: it does not wait for a peer that may be gone. */
  readonly end: () => void;
}

export interface ConnectOptions {
  readonly credentials: Credentials;
  readonly hostKeyAlgorithms: ServerHostKeyAlgorithm[];
  /** Undefined for the host's own key, else why it is refused. */
  readonly verify: (key: Buffer) => ApplicationFailure | undefined;
  /** The channel through a jump host, instead of a TCP connection. */
  readonly through?: ClientChannel;
  readonly connectTimeoutMs: number;
  /** A peer silent this long is given up. */
  readonly keepAliveMs: number;
}

/**
 * Opens a connection: host key verified, logged in, without Nagle's delay, with keep-alive.
 *
 * @throws `HostKeyMismatch`, `AuthDenied`, `PreconditionFailed` (no algorithm in common), `Unavailable` for the rest.
 */
export function connect(target: Target, options: ConnectOptions): Promise<Connection> {
  const client = new Client();
  const socket = options.through ?? connectTcp({ host: target.host, port: target.port, noDelay: true });
  const end = () => {
    client.end();
    if ('destroySoon' in socket) socket.destroySoon();
    else socket.destroy();
  };
  return new Promise((resolve, reject) => {
    let mismatch: ApplicationFailure | undefined;
    let problem: (Error & ClientErrorExtensions) | undefined;
    const give = () => reject(mismatch ?? translate(target, options.credentials, problem));

    client.on('ready', () => {
      client.off('close', give);
      resolve({ client, end });
    });
    client.on('error', (error: Error & ClientErrorExtensions) => {
      if (error.level === 'agent') return; // the other keys are still tried
      problem ??= error;
      give();
      socket.destroy();
    });
    client.on('close', give);
    client.connect({
      sock: socket,
      username: target.user,
      authHandler: options.credentials.methods,
      algorithms: { serverHostKey: options.hostKeyAlgorithms },
      hostVerifier: (key: Buffer) => (mismatch = options.verify(key)) === undefined,
      readyTimeout: options.connectTimeoutMs,
      // The third unanswered one ends the connection.
      keepaliveInterval: Math.ceil(options.keepAliveMs / 3),
      keepaliveCountMax: 2,
    });
  });
}

function translate(target: Target, credentials: Credentials, error?: Error & ClientErrorExtensions): Error {
  const { host, port, user } = target;
  const details = { target: `host/${host}`, operation: 'ssh.connect' };
  if (error?.level === 'client-authentication')
    return fail(
      'AuthDenied',
      `${host}:${port} refuses ${user} with ${credentials.tried.join(', ')}. ` +
        `Put the public key into ~${user}/.ssh/authorized_keys there, or correct user or IdentityFile`,
      details,
      error,
    );
  if (error?.level === 'handshake' && error.message.includes('no matching'))
    return fail(
      'PreconditionFailed',
      `${host}:${port} has no algorithm in common with us: ${error.message}`,
      details,
      error,
    );
  return fail('Unavailable', `no SSH connection to ${host}:${port}: ${reason(error)}`, details, error);
}

function reason(error?: Error & { code?: string }): string {
  const byCode = error?.code && reasons[error.code];
  if (byCode) return `${byCode} (${error.code})`;
  if (error?.message.startsWith('Timed out')) return 'no answer in time. Is the host on, is a firewall in between?';
  return error?.message ?? 'closed before the login was done';
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there. Is sshd running, is the port right?',
  EHOSTUNREACH: 'there is no way to it. Is the host on, is a network or firewall in between?',
  ENETUNREACH: 'there is no way to it. Is the host on, is a network or firewall in between?',
  ENOTFOUND: 'its name does not resolve. Is the address right?',
  EAI_AGAIN: 'its name does not resolve now. Does the name server answer?',
};
