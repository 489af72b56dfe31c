import { createPrivateKey, sign } from 'node:crypto';
import { join } from 'node:path';
import { type AnyAuthMethod, type ParsedKey, utils } from 'ssh2';
import { fail } from '../failures';
import { fingerprint } from './known-hosts';
import { ParsedFile } from './parsed-file';

/** What to log in with, and in words what it is: for the message when the host refuses it. */
export interface Credentials {
  readonly methods: AnyAuthMethod[];
  readonly tried: string[];
}

/** Private keys in files, kept parsed: a look at many hosts logs in with the same one everywhere. */
export class KeyFiles {
  private readonly files = new Map<string, ParsedFile<ParsedKey | Error>>();

  /** Undefined where there is no such file. */
  read(path: string): ParsedKey | Error | undefined {
    const file = this.files.get(path) ?? new ParsedFile(path, privateKeyIn);
    this.files.set(path, file);
    try {
      return file.read();
    } catch (error) {
      return error as Error;
    }
  }
}

function privateKeyIn(text: string): ParsedKey | Error {
  const key = utils.parseKey(text);
  if (key instanceof Error) return key;
  return key.isPrivateKey() ? signingAtOnce(key) : new Error('is not a private key');
}

/** ssh2 has OpenSSL read the key's text for each signature, which takes an ed25519 key ten times as long as to sign. */
function signingAtOnce(key: ParsedKey): ParsedKey {
  if (key.type !== 'ssh-ed25519') return key;
  const read = createPrivateKey(key.getPrivatePEM());
  return Object.assign(key, { sign: (data: Buffer) => sign(null, data, read) });
}

/**
 * Collects the keys for a login: the configuration's `IdentityFile`s, else `RUNBOOK_SSH_KEY`, else the agent and the
 * usual files of `~/.ssh`. The agent also stands in for a key file that has a passphrase.
 * @throws `AuthDenied` if there is nothing to log in with.
 */
export function findCredentials(
  user: string,
  identityFiles: readonly string[],
  env: NodeJS.ProcessEnv,
  home: string,
  keys: KeyFiles,
): Credentials {
  const named = identityFiles.length ? identityFiles : env['RUNBOOK_SSH_KEY'] ? [env['RUNBOOK_SSH_KEY']] : [];
  const files = named.length ? named : ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(home, '.ssh', name));
  const agent = env['SSH_AUTH_SOCK'];
  const methods: AnyAuthMethod[] = [];
  const tried: string[] = [];
  let locked = '';

  for (const file of files) {
    const key = keys.read(file);
    if (key === undefined) {
      if (named.length) tried.push(`${file} (no such file)`);
    } else if (key instanceof Error) {
      if (/passphrase/i.test(key.message)) locked = file;
      tried.push(`${file} (${locked === file ? 'has a passphrase' : key.message})`);
    } else {
      methods.push({ type: 'publickey', username: user, key });
      tried.push(`${file} (${fingerprint(key.getPublicSSH())})`);
    }
  }
  if (agent && (named.length === 0 || locked)) {
    methods.push({ type: 'agent', username: user, agent });
    tried.push(`the agent at ${agent}`);
  }
  if (methods.length) return { methods, tried };
  const next = locked
    ? `Start an agent and: ssh-add ${locked}; or name a key without a passphrase in RUNBOOK_SSH_KEY`
    : 'Make a key with ssh-keygen, or name one by IdentityFile or RUNBOOK_SSH_KEY';
  throw fail('AuthDenied', `no key to log in with as ${user}: ${(tried.length ? tried : files).join(', ')}. ${next}`, {
    operation: 'ssh.connect',
  });
}
