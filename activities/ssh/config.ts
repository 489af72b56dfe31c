import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve as resolvePath } from 'node:path';
import SSHConfig, { type Directive, glob, type Line } from 'ssh-config';
import { fail } from '../failures';
import { ParsedFile } from './parsed-file';

/** Where a connection goes and with what, after `~/.ssh/config` has been asked. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** From the configuration only, with `~` and `%` expanded. */
  readonly identityFiles: readonly string[];
  readonly knownHostsFiles?: readonly string[];
  /** The host through which it is reached. */
  readonly jump?: Target;
}

/** The part of a host reference that says how to reach it; what it leaves open, the configuration says. */
export interface Address {
  readonly address: string;
  readonly port?: number;
  readonly user?: string;
}

/**
 * Resolves host references by an OpenSSH client configuration, read again when the file changes.
 *
 * Understands `Host`, `Match` (without `exec`), `Include`, `HostName`, `Port`, `User`, `IdentityFile`, `ProxyJump` and
 * `UserKnownHostsFile`; fields of the reference win.
 * @throws `InvalidInput` for what would run a program: `Match exec`, `ProxyCommand`, `CanonicalizeHostname`.
 */
export class SshConfigFile {
  private readonly file: ParsedFile<SSHConfig>;

  constructor(
    path: string,
    private readonly home: string,
  ) {
    this.file = new ParsedFile(path, (text) => this.parse(text));
  }

  resolve(address: Address): Target {
    return this.target(address, []);
  }

  private target({ address, port, user }: Address, via: readonly string[]): Target {
    if (via.includes(address)) throw this.refuse(`ProxyJump goes round in a circle: ${[...via, address].join(' -> ')}`);
    const options =
      this.file
        .read()
        ?.compute(
          { Host: address, ...(user === undefined ? {} : { User: user }) },
          { ignoreCase: true, matchExec: false },
        ) ?? {};
    const one = (name: string) => [options[name] ?? []].flat()[0];
    if ((one('proxycommand') ?? 'none') !== 'none')
      throw this.refuse(`ProxyCommand for ${address} would run a program here; use ProxyJump`);

    const host = (one('hostname') ?? address).replaceAll('%h', address).replaceAll('%%', '%');
    const login = user ?? one('user') ?? localUser();
    if (!login) throw this.refuse(`no user for ${address}: write User here, or user in the site file`);
    const expand = (path: string) => this.expand(path, { '%h': host, '%r': login, '%d': this.home, '%u': localUser() });
    const known = [options['userknownhostsfile'] ?? []].flat();
    return {
      host,
      port: port ?? Number(one('port') ?? 22),
      user: login,
      identityFiles: [options['identityfile'] ?? []]
        .flat()
        .filter((path) => path !== 'none')
        .map(expand),
      ...(known.length ? { knownHostsFiles: known.map(expand) } : {}),
      ...this.jump(one('proxyjump') ?? 'none', [...via, address]),
    };
  }

  /** `a,b` goes through a to b, and from b to the host. */
  private jump(text: string, via: readonly string[]): { jump?: Target } {
    if (text === 'none') return {};
    const hops = text.split(',').map((hop) => this.target(jumpAddress(hop.trim()), via));
    return { jump: hops.reduce((before, hop) => ({ ...hop, jump: before })) };
  }

  private expand(path: string, tokens: Record<string, string>): string {
    const absolute = path.replace(/^~(?=\/|$)/, this.home);
    return absolute.replace(/%[hrdu%]/g, (token) => (token === '%%' ? '%' : (tokens[token] ?? token)));
  }

  private parse(text: string): SSHConfig {
    const config = SSHConfig.parse(this.include(text, 0));
    for (const line of config.flatMap((entry): Line[] => ('config' in entry ? [entry, ...entry.config] : [entry]))) {
      if ('criteria' in line && Object.keys(line.criteria).some((name) => name.toLowerCase() === 'exec'))
        throw this.refuse('Match exec would run a program here; use Host or Match host');
      if ('param' in line && isOn(line, 'canonicalizehostname'))
        throw this.refuse('CanonicalizeHostname is not supported; write HostName');
    }
    return config;
  }

  /** Puts included files in their place. What follows an included file is no part of that file's last block. */
  private include(text: string, depth: number): string {
    if (depth > 16) throw this.refuse('Include is nested more than 16 deep');
    let inBlock = false;
    return text.replace(/^[ \t]*(Host|Match|Include)[ \t=]+(.*)$/gim, (line, keyword: string, rest: string) => {
      if (keyword.toLowerCase() !== 'include') return ((inBlock = !/^\*\s*$/.test(rest)), line);
      if (inBlock) throw this.refuse('Include inside a Host or Match block is not supported; move it to the top');
      const paths = rest
        .trim()
        .split(/\s+/)
        .flatMap((path) => this.files(path.replace(/^"|"$/g, '')));
      return [...paths.map((path) => this.include(readFileSync(path, 'utf8'), depth + 1)), 'Host *'].join('\n');
    });
  }

  private files(pattern: string): string[] {
    const path = resolvePath(join(this.home, '.ssh'), this.expand(pattern, {}));
    const directory = dirname(path);
    const names = existsSync(directory) ? readdirSync(directory).sort() : [];
    return names.filter((name) => glob(basename(path), name)).map((name) => join(directory, name));
  }

  private refuse(problem: string): Error {
    return fail('InvalidInput', `${this.file.path}: ${problem}`, { operation: 'ssh.config' });
  }
}

function isOn(line: Directive, name: string): boolean {
  return line.param.toLowerCase() === name && line.value !== 'no';
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`. */
function jumpAddress(text: string): Address {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?\/?$/.exec(text);
  const address = match?.[2] ?? match?.[3];
  if (!address)
    throw fail('InvalidInput', `ProxyJump ${text}: expected [user@]host[:port]`, { operation: 'ssh.config' });
  return { address, user: match?.[1], port: match?.[4] ? Number(match[4]) : undefined };
}

function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return ''; // a uid without a passwd entry
  }
}
