import { join } from 'node:path';
import { type HostName } from './layout';

/** Where things lie in a lab's directory. */
export interface Paths {
  readonly directory: string;
  /** The running lab: process, control API and the token for it. */
  readonly running: string;
  /** The slot it had last. */
  readonly slot: string;
  readonly log: string;
  readonly temporal: string;
  /** Everything that `reset` removes: disks, the volume, the cloud's memory, what visitor and people have seen. */
  readonly data: string;
  /** The disk of a host. */
  readonly disk: (host: HostName) => string;
  readonly backupVolume: string;
  readonly cloudState: string;
  readonly seeded: string;
  readonly journal: string;
  readonly notifications: string;
  /** Programs the lab puts on a host's PATH. */
  readonly programs: (host: HostName) => string;
  /** Links to libraries that such programs need. */
  readonly libraries: string;
  readonly hostKey: (host: HostName) => string;
  /** The operator's private key. */
  readonly key: string;
  readonly knownHosts: string;
  readonly clouds: string;
  readonly sites: string;
  readonly env: string;
}

export function pathsOf(directory: string): Paths {
  const at = (...names: string[]) => join(directory, ...names);
  return {
    directory,
    running: at('lab.json'),
    slot: at('slot'),
    log: at('log'),
    temporal: at('temporal'),
    data: at('data'),
    disk: (host) => at('data', 'hosts', host),
    backupVolume: at('data', 'volumes', 'backup'),
    cloudState: at('data', 'cloud.json'),
    seeded: at('data', 'seeded.json'),
    journal: at('data', 'visitor.jsonl'),
    notifications: at('data', 'notifications.jsonl'),
    programs: (host) => at('programs', host),
    libraries: at('libraries'),
    hostKey: (host) => at('keys', host),
    key: at('id_ed25519'),
    knownHosts: at('known_hosts'),
    clouds: at('clouds.yaml'),
    sites: at('sites'),
    env: at('env'),
  };
}
