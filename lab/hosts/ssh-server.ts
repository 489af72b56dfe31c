import { readFileSync } from 'node:fs';
import { createPrivateKey, sign } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type AuthContext, type Connection, type ParsedKey, Server, utils } from 'ssh2';
import { findPermission, type Permission } from './authorized-keys';
import { type Machine } from './machine';
import { serveSession } from './session';
import { type HostSpec } from './spec';
import { type Wire } from './wire';

/**
 * The SSH server of one host: root only, by public key, with the `authorized_keys` on the host's disk read at each
 * login. It runs commands on the host's machine and opens TCP connections from the host's address.
 */
export class SshServer {
  readonly #spec: HostSpec;
  readonly #machine: Machine;
  readonly #addresses: ReadonlyMap<string, string>;
  #server: Server;

  /** @param addresses of the lab's hosts by name, for forwarded connections */
  constructor(spec: HostSpec, machine: Machine, addresses: ReadonlyMap<string, string>, privateKey: string) {
    this.#spec = spec;
    this.#machine = machine;
    this.#addresses = addresses;
    this.#server = this.#newServer(privateKey);
  }

  /** Takes effect with the next connection. */
  useKey(privateKey: string): void {
    this.#server = this.#newServer(privateKey);
  }

  serve(wire: Wire): void {
    this.#server.injectSocket(wire as unknown as Socket); // of a socket, ssh2 uses the stream and the addresses
  }

  #newServer(privateKey: string): Server {
    return new Server(
      { hostKeys: [{ key: signingAtOnce(privateKey) as unknown as string }], ident: 'lab' },
      (connection, { ip, port }) => {
        let permission: Permission | undefined;
        connection.on('error', () => undefined); // 'close' follows
        connection.on('authentication', (attempt) => (permission = this.#authenticate(attempt, ip)));
        connection.on('session', (accept) => {
          if (!permission) return;
          const sshConnection = `${ip} ${port} ${this.#spec.address} ${this.#spec.port}`;
          serveSession(accept(), this.#machine, permission, sshConnection);
        });
        connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
          if (permission?.forwarding) this.#forward(connection, accept, reject, destIP, destPort);
          else reject();
        });
      },
    );
  }

  #authenticate(attempt: AuthContext, address: string): Permission | undefined {
    const permission =
      attempt.method === 'publickey' && attempt.username === 'root'
        ? findPermission(this.#authorizedKeys(), attempt.key.data, address, new Date())
        : undefined;
    if (attempt.method !== 'publickey' || !permission) {
      attempt.reject(['publickey']);
      return undefined;
    }
    if (attempt.signature) {
      const key = utils.parseKey(attempt.key.data);
      const signed = !(key instanceof Error) && key.verify(attempt.blob ?? '', attempt.signature, attempt.hashAlgo);
      if (signed !== true) {
        attempt.reject(['publickey']);
        return undefined;
      }
    }
    attempt.accept(); // without a signature the client only asked whether the key would do
    return permission;
  }

  #authorizedKeys(): string {
    try {
      return readFileSync(join(this.#spec.directory, 'root/.ssh/authorized_keys'), 'utf8');
    } catch {
      return ''; // absent, or not readable: nobody may log in
    }
  }

  #forward(
    connection: Connection,
    accept: () => NodeJS.ReadWriteStream & { destroy(): void },
    reject: () => void,
    host: string,
    port: number,
  ): void {
    const target = connect({ host: this.#addresses.get(host) ?? host, port, localAddress: this.#spec.address });
    connection.once('close', () => target.destroy());
    target.once('error', reject);
    target.once('connect', () => {
      target.off('error', reject);
      const channel = accept();
      target.on('error', () => channel.destroy());
      channel.on('error', () => target.destroy());
      channel.pipe(target).pipe(channel);
    });
  }
}

/** ssh2 has OpenSSL read the key's text for each signature, which takes an ed25519 key ten times as long as to sign. */
function signingAtOnce(privateKey: string): ParsedKey {
  const key = utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  if (key.type !== 'ssh-ed25519') return key;
  const read = createPrivateKey(key.getPrivatePEM());
  return Object.assign(key, { sign: (data: Buffer) => sign(null, data, read) });
}
