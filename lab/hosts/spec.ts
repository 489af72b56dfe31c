import { type LabNetwork } from './network';

/**
 * How the lab keeps its hosts apart: `namespaces` gives each its own file system, processes and host name, with root
 * inside and nothing of the machine writable; `directories` gives each a directory and marks its processes.
 */
export type Isolation = 'namespaces' | 'directories';

/** One host of the lab. */
export interface HostSpec {
  readonly name: string;
  /** Where its SSH server listens, and where the connections it makes come from. */
  readonly address: string;
  readonly port: number;
  /** Absolute directory of the host's disk. `/bfdata`, `/home`, `/root` and `/var` on the host are directories in it. */
  readonly directory: string;
  /** From power on to a listening SSH server. */
  readonly bootDelayMs: number;
  /** File of the host's private key (OpenSSH or PEM), made if absent. @default `<directory>/.host/host_key` */
  readonly hostKey?: string;
  /** Attached by `mount <mountPoint>` on the host, not at boot. */
  readonly volumes?: readonly { readonly mountPoint: string; readonly directory: string }[];
  /** Files or directories of the machine that the host sees read-only; a program at `/lab/bin/<name>` is on its PATH. */
  readonly binds?: readonly { readonly from: string; readonly to: string }[];
  /** Started at boot by `sh -c`; output in `/var/log/<name>.log`. */
  readonly services?: readonly { readonly name: string; readonly command: string }[];
  readonly network: LabNetwork;
}

/** What a command on a host ended with; `code` is null where a signal, or the host's power, ended it. */
export interface Executed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A host of the lab, as its console and its power switch see it. */
export interface LabHost {
  readonly spec: HostSpec;
  readonly power: 'on' | 'off';
  /** False while the fault `setSsh(false)` is on. */
  readonly ssh: boolean;

  /**
   * Switches the host on; resolves when SSH listens. Does nothing more if it is on already.
   * @throws Error if the power goes off meanwhile
   */
  boot(): Promise<void>;
  /** At once: connections are reset and every process dies, detached ones too. What is on the disk stays. */
  powerOff(): Promise<void>;
  /** TERM to every process, at most 10 s for them to end, then power off. */
  shutDown(): Promise<void>;

  /**
   * Switches the host off and empties its disk: it is as a new host, at the same address and with the same host key.
   * Programs and volumes are no part of the disk.
   */
  wipe(): Promise<void>;

  /** Runs a bash command as root in `/root`, without SSH. @throws Error if the host is off */
  exec(command: string, options?: { readonly stdin?: string }): Promise<Executed>;
  /** The path by which this host's processes reach a path of the host: the same one unless isolation is `directories`. */
  hostPath(path: string): string;

  /** As in `known_hosts`: `ssh-ed25519 AAAA...`. */
  hostPublicKey(): string;
  /** Adds a line to root's `authorized_keys` on the host, unless it is there. Works while the host is off. */
  authorize(publicKey: string): Promise<void>;

  /** Off: the SSH port refuses and sessions are reset although the host is on; what they started goes on. */
  setSsh(on: boolean): void;
  /** From the next connection on the server shows another key, until `restoreHostKey`. */
  changeHostKey(): void;
  restoreHostKey(): void;
  /** SSH to and from the host falls silent: connections stay open, no byte passes, new ones hang. */
  cut(): void;
  /** Ends `cut`; connections go on where they were, or are reset if the host is gone. */
  mend(): void;
  /** One speed in megabits per second for all SSH to and from the host, both directions together; null for no limit. */
  slow(mbps: number | null): void;
  /**
   * Makes writes to a volume fail with ENOSPC, and `df` say so; with no argument every volume, or the host's own disk
   * (`/bfdata`, `/home`, `/var`) where it has none. Holds over reboots, until `freeDisk`.
   *
   * What a process has open or works in when it starts can still be written by it. What is removed or created meanwhile is as before
   * after `freeDisk`.
   * @throws Error if isolation is `directories`
   */
  fillDisk(volumeMountPoint?: string): void;
  freeDisk(): void;
}

/** The hosts of a lab, by name. */
export interface LabHosts {
  readonly isolation: Isolation;
  readonly hosts: Record<string, LabHost>;
  /** Powers every host off and stops listening. */
  close(): Promise<void>;
}
