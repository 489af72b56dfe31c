import { createHash, createHmac } from 'node:crypto';

/** One key of a `known_hosts` file that applies to a host. */
export interface KnownKey {
  readonly marker?: '@revoked' | '@cert-authority';
  readonly type: string;
  /** The key in base64, as the file has it. */
  readonly key: string;
  readonly line: number;
}

interface Entry extends KnownKey {
  readonly matches: (name: string) => boolean;
}

/** A `known_hosts` file in memory: names are looked up, not searched for. See sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export class KnownHosts {
  private readonly byName = new Map<string, KnownKey[]>();
  private readonly byPattern: Entry[] = [];

  /** Lines that make no sense are passed over, as OpenSSH does. */
  static parse(text: string): KnownHosts {
    const hosts = new KnownHosts();
    text.split('\n').forEach((line, index) => hosts.add(line.trim(), index + 1));
    return hosts;
  }

  /** The keys of a host, in the order of the file. Port 22 goes by the name alone, any other by `[name]:port`. */
  keysOf(host: string, port: number): KnownKey[] {
    const name = hostName(host, port);
    return [...(this.byName.get(name) ?? []), ...this.byPattern.filter((entry) => entry.matches(name))].sort(
      (a, b) => a.line - b.line,
    );
  }

  private add(text: string, line: number): void {
    if (!text || text.startsWith('#')) return;
    const words = text.split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [names, type, key] = words;
    if (!names || !type || !key || !isMarker(marker)) return;
    const known: KnownKey = { marker, type, key, line };
    if (names.startsWith('|')) this.byPattern.push({ ...known, matches: hashed(names) });
    else if (/[*?!]/.test(names)) this.byPattern.push({ ...known, matches: patterns(names.toLowerCase()) });
    else
      for (const name of new Set(names.toLowerCase().split(',')))
        this.byName.set(name, [...(this.byName.get(name) ?? []), known]);
  }
}

/** A host as `known_hosts` spells it: `db1`, or `[db1]:2222` for a port other than 22. */
export function hostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** A host key's fingerprint as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type inside a host key, like `ssh-ed25519`. */
export function keyType(key: Buffer): string {
  return key.length < 4 ? '' : key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

function isMarker(text: string | undefined): text is KnownKey['marker'] {
  return text === undefined || text === '@revoked' || text === '@cert-authority';
}

function hashed(names: string): Entry['matches'] {
  const [, scheme, salt = '', hash] = names.split('|');
  if (scheme !== '1') return () => false;
  const saltBytes = Buffer.from(salt, 'base64');
  return (name) => createHmac('sha1', saltBytes).update(name).digest('base64') === hash;
}

/** Comma-separated patterns: any may match, but none with a `!`. */
function patterns(names: string): Entry['matches'] {
  const all = names.split(',').map((text) => ({ negated: text.startsWith('!'), glob: glob(text.replace(/^!/, '')) }));
  return (name) => {
    const hits = all.filter((pattern) => pattern.glob.test(name));
    return hits.length > 0 && !hits.some((pattern) => pattern.negated);
  };
}

function glob(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
