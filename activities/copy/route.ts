import { homedir } from 'node:os';
import { join } from 'node:path';
import { type HostRef } from '../../workflows/contract/site';
import { fail } from '../failures';
import { SshConfigFile } from '../ssh/config';
import { hostName, KnownHosts } from '../ssh/known-hosts';
import { ParsedFile } from '../ssh/parsed-file';

/** How another host reaches this one, with what the worker knows: no name of `~/.ssh/config` is left in it. */
export interface Route {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The host's keys as lines of a `known_hosts` file. */
  readonly knownHosts: string;
}

/** @throws `HostKeyMismatch` when no key of the host is known */
export type RouteTo = (ref: HostRef) => Route;

/** Routes by the worker's own SSH configuration and `known_hosts`, read again when they change. */
export function knownRoutes({
  env,
  home = homedir(),
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly home?: string;
}): RouteTo {
  const config = new SshConfigFile(env['RUNBOOK_SSH_CONFIG'] || join(home, '.ssh', 'config'), home);
  const files = new Map<string, ParsedFile<KnownHosts>>();
  const keysIn = (path: string, host: string, port: number) => {
    const file = files.get(path) ?? new ParsedFile(path, (text) => KnownHosts.parse(text));
    files.set(path, file);
    return file.read()?.keysOf(host, port) ?? [];
  };

  return (ref) => {
    const { host, port, user, knownHostsFiles } = config.resolve(ref);
    const paths = env['RUNBOOK_KNOWN_HOSTS']
      ? [env['RUNBOOK_KNOWN_HOSTS']]
      : [...(knownHostsFiles ?? [join(home, '.ssh', 'known_hosts')]), '/etc/ssh/ssh_known_hosts'];
    const keys = paths.flatMap((path) => keysIn(path, host, port)).filter(({ marker }) => marker !== '@cert-authority');
    if (!keys.some(({ marker }) => marker === undefined))
      throw fail('HostKeyMismatch', `no key of ${hostName(host, port)} is in ${paths.join(' or ')}`, {
        target: `host/${ref.name}`,
      });
    const lines = keys.map(({ marker, type, key }) =>
      [marker, hostName(host, port), type, key].filter((word) => word !== undefined).join(' '),
    );
    return { host, port, user, knownHosts: `${lines.join('\n')}\n` };
  };
}
