import { BlockList, isIPv4 } from 'node:net';
import { utils } from 'ssh2';

/** What a key from `authorized_keys` may do once it is accepted. */
export interface Permission {
  /** The forced command; the client's own is then only in SSH_ORIGINAL_COMMAND. */
  readonly command?: string;
  readonly pty: boolean;
  readonly forwarding: boolean;
}

/** Options that are accepted and need no enforcement here: this server has neither agent nor X11 forwarding nor rc files. */
const WITHOUT_EFFECT = ['no-agent-forwarding', 'no-x11-forwarding', 'no-user-rc', 'agent-forwarding', 'user-rc'];

/**
 * Finds what the text of an `authorized_keys` file allows a key coming from an address, as OpenSSH reads it:
 * `restrict`, `from=`, `expiry-time=`, `command=`, `pty`, `port-forwarding` and their `no-` forms.
 *
 * A line with an option it does not know authorises nobody.
 */
export function findPermission(file: string, key: Buffer, address: string, now: Date): Permission | undefined {
  for (const line of file.split('\n')) {
    const entry = splitLine(line.trim());
    if (!entry) continue;
    const parsed = utils.parseKey(entry.key);
    if (parsed instanceof Error || !parsed.getPublicSSH().equals(key)) continue;
    const permission = permissionOf(entry.options, address, now);
    if (permission) return permission;
  }
  return undefined;
}

function splitLine(line: string): { options: string[]; key: string } | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  if (/^(ssh|ecdsa|sk)-\S+\s/.test(line)) return { options: [], key: line };
  // Options are one word, in which only double-quoted text may hold spaces and commas.
  const options = /^(?:"(?:\\"|[^"])*"|[^\s"])+/.exec(line)?.[0];
  if (options === undefined) return undefined;
  return { options: options.match(/(?:"(?:\\"|[^"])*"|[^,"])+/g) ?? [], key: line.slice(options.length).trim() };
}

function permissionOf(options: readonly string[], address: string, now: Date): Permission | undefined {
  let permission: Permission = { pty: true, forwarding: true };
  for (const option of options) {
    const [, name = '', quoted] = /^([^=]+)(?:="(.*)")?$/s.exec(option) ?? [];
    const value = quoted?.replaceAll('\\"', '"') ?? '';
    const word = name.toLowerCase();
    if (word === 'restrict') permission = { ...permission, pty: false, forwarding: false };
    else if (word === 'pty' || word === 'no-pty') permission = { ...permission, pty: word === 'pty' };
    else if (word === 'port-forwarding' || word === 'no-port-forwarding')
      permission = { ...permission, forwarding: word === 'port-forwarding' };
    else if (word === 'command' && quoted !== undefined) permission = { ...permission, command: value };
    else if (word === 'from') {
      if (!isFrom(value, address)) return undefined;
    } else if (word === 'expiry-time') {
      const expiry = expiryTime(value);
      if (!expiry || expiry <= now) return undefined;
    } else if (!WITHOUT_EFFECT.includes(word)) return undefined;
  }
  return permission;
}

/** A pattern list: addresses, networks (CIDR) and wildcards; one match of a `!pattern` refuses, whatever else matches. */
function isFrom(patterns: string, address: string): boolean {
  const matching = patterns.split(',').filter((pattern) => matches(pattern.replace(/^!/, ''), address));
  return matching.length > 0 && !matching.some((pattern) => pattern.startsWith('!'));
}

function matches(pattern: string, address: string): boolean {
  const [network = '', bits] = pattern.split('/');
  if (bits !== undefined) {
    if (!isIPv4(network) || !isIPv4(address) || !/^([0-9]|[12][0-9]|3[0-2])$/.test(bits)) return false;
    const block = new BlockList();
    block.addSubnet(network, Number(bits));
    return block.check(address);
  }
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`).test(address);
}

/** `YYYYMMDD[HHMM[SS]][Z]`; without Z in the lab's own time zone, as OpenSSH takes the system's. */
function expiryTime(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z)?$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone = ''] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
