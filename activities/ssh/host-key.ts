import { type ServerHostKeyAlgorithm } from 'ssh2';
import { type ApplicationFailure } from '@temporalio/common';
import { fail } from '../failures';
import { fingerprint, hostName, KnownHosts, type KnownKey, keyType } from './known-hosts';
import { ParsedFile } from './parsed-file';

interface Found extends KnownKey {
  readonly file: string;
}

const algorithms: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
];

/** Decides whether a host is the one it says it is, by `known_hosts` files that are read again when they change. */
export class HostKeys {
  private readonly files = new Map<string, ParsedFile<KnownHosts>>();

  /** The host key algorithms to ask for: those whose keys we know come first, so that the server shows one of these. */
  preferred(host: string, port: number, files: readonly string[]): ServerHostKeyAlgorithm[] {
    const types = new Set(this.find(host, port, files).map(({ type }) => type));
    const isKnown = (algorithm: string) => types.has(algorithm.startsWith('rsa-sha2') ? 'ssh-rsa' : algorithm);
    return [...algorithms].sort((a, b) => Number(isKnown(b)) - Number(isKnown(a)));
  }

  /** Undefined if this key is the host's, else the `HostKeyMismatch` to throw. */
  verify(key: Buffer, host: string, port: number, files: readonly string[]): ApplicationFailure | undefined {
    const found = this.find(host, port, files);
    const type = keyType(key);
    const base64 = key.toString('base64');
    const name = hostName(host, port);
    const refuse = (problem: string, next: string) =>
      fail('HostKeyMismatch', `${name} presents the ${type} key ${fingerprint(key)}, ${problem}. ${next}`, {
        target: `host/${host}`,
        operation: 'ssh.connect',
      });

    const revoked = found.find((known) => known.marker === '@revoked' && known.key === base64);
    if (revoked)
      return refuse(`which is revoked by ${at(revoked)}`, 'Somebody holds a stolen key: look at the host itself.');
    const trusted = found.filter((known) => known.marker === undefined);
    if (trusted.some((known) => known.key === base64)) return undefined;

    const scan = `ssh-keyscan -t ${type.replace('ssh-', '')}${port === 22 ? '' : ` -p ${port}`} ${host} >> ${files[0]}`;
    const changed = trusted.find((known) => known.type === type);
    if (changed)
      return refuse(
        `wanted the one of ${at(changed)}`,
        `If the host was rebuilt, compare the fingerprint at its console, then: ssh-keygen -R '${name}' -f ${changed.file} && ${scan}`,
      );
    const others = [...new Set(trusted.map((known) => `${known.type} (${at(known)})`))].join(', ');
    const authority = found.find((known) => known.marker === '@cert-authority');
    const problem = others
      ? `but only keys of other types are known: ${others}`
      : authority
        ? `but only ${at(authority)} knows it, by @cert-authority, and host certificates are not supported`
        : `which is not in ${files.join(' or ')}`;
    return refuse(problem, `Compare the fingerprint at the host's console, then: ${scan}`);
  }

  private find(host: string, port: number, files: readonly string[]): Found[] {
    return files.flatMap((path) => {
      const file = this.files.get(path) ?? new ParsedFile(path, (text) => KnownHosts.parse(text));
      this.files.set(path, file);
      return (file.read()?.keysOf(host, port) ?? []).map((known) => ({ ...known, file: path }));
    });
  }
}

const at = (known: Found) => `${known.file}:${known.line}`;
