import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { utils } from 'ssh2';

/** A server's key pair. */
export interface HostKey {
  /** OpenSSH's private key format. */
  readonly private: string;
  /** As in `known_hosts`: type and base64, no comment. */
  readonly public: string;
}

export function newHostKey(): HostKey {
  for (;;) {
    const pair = utils.generateKeyPairSync('ed25519');
    // One in some 240 of the pairs ssh2 makes is broken (a public key that starts with a zero byte is cut short).
    if (!(utils.parseKey(pair.private) instanceof Error)) return hostKey(pair.private);
  }
}

/** Reads a private key (OpenSSH or PEM), or makes one there if the file is absent. */
export function hostKeyAt(path: string): HostKey {
  if (existsSync(path)) return hostKey(readFileSync(path, 'utf8'));
  const key = newHostKey();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, key.private, { mode: 0o600 });
  return key;
}

function hostKey(privateKey: string): HostKey {
  const parsed = utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  return { private: privateKey, public: `${parsed.type} ${parsed.getPublicSSH().toString('base64')}` };
}
