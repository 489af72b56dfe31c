import { type HostSpec } from './spec';

/** `/etc/hosts` of a host: all of the lab's. */
export function hostsFile(hosts: readonly HostSpec[]): string {
  return ['127.0.0.1 localhost', ...hosts.map((host) => `${host.address} ${host.name}`), ''].join('\n');
}

/** OpenSSH's client settings by which a lab's host reaches another by name or address alone. */
export function sshConfig(hosts: readonly HostSpec[]): string {
  return hosts.map((host) => `Host ${host.name} ${host.address}\n  Port ${host.port}\n`).join('');
}

/**
 * The same where `~` is not the host's home and names are not resolved: keys and `known_hosts` come from `home`, and a
 * host keeps the entry it has in `known_hosts` under its name.
 */
export function sshConfigFor(home: string, hosts: readonly HostSpec[]): string {
  const neighbours = hosts.map(
    ({ name, address, port }) =>
      `Host ${name}\n  HostName ${address}\n  Port ${port}\n  HostKeyAlias [${name}]:${port}\n` +
      `Host ${address}\n  Port ${port}\n`,
  );
  const everywhere = [
    `Include ${home}/.ssh/config`,
    'Host *',
    `  UserKnownHostsFile ${home}/.ssh/known_hosts`,
    '  GlobalKnownHostsFile none',
    '  User root',
    ...['id_ed25519', 'id_ecdsa', 'id_rsa'].map((file) => `  IdentityFile ${home}/.ssh/${file}`),
    '',
  ];
  return everywhere.join('\n') + neighbours.join('');
}

/** An `ssh` that connects from the host's own address, so that `from=` in another host's `authorized_keys` means it. */
export function sshWrapper(spec: HostSpec, configFile?: string): string {
  const config = configFile === undefined ? '' : ` -F '${configFile}'`;
  return `#!/bin/sh\nexec /usr/bin/ssh -b ${spec.address}${config} "$@"\n`;
}

/** An `scp` over that `ssh`; by the old protocol, as the lab's servers have no SFTP. */
export function scpWrapper(ssh: string): string {
  return `#!/bin/sh\nexec /usr/bin/scp -O -S '${ssh}' "$@"\n`;
}
