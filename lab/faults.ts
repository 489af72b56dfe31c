import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Archives } from './archives';
import { type Damage, damageStore } from './database/damage';
import { clearDatabaseFaults, type DatabaseFault, setDatabaseFault } from './database/fault';
import { HOST_NAMES } from './layout';
import { type Paths } from './paths';
import { oneOf, Refused } from './refusal';
import { type Site } from './site';

/** A fault as it is asked for. Times are in seconds. */
export interface FaultRequest {
  readonly kind: string;
  /** The host, server, service or archive that it is about. */
  readonly target?: string;
  readonly mbps?: number;
  readonly status?: number;
  readonly delay?: number;
  readonly for?: number;
  readonly evenByForce?: boolean;
  readonly seed?: number;
}

const SERVICES = ['identity', 'compute', 'network', 'volume'] as const;

/** What can be made to go wrong with a site. */
export class Faults {
  readonly #archives: Archives;
  readonly #kinds: Readonly<Record<string, (request: FaultRequest) => unknown>>;

  constructor(
    private readonly site: Site,
    private readonly paths: Paths,
  ) {
    this.#archives = new Archives(paths.backupVolume);
    const { cloud } = site;
    this.#kinds = {
      slow: ({ target, mbps }) => this.#host(target).slow(required('--mbps', mbps)),
      'disk-full': ({ target }) => this.#host(target).fillDisk(),
      'no-ssh': ({ target }) => this.#host(target).setSsh(false),
      'host-key': ({ target }) => this.#host(target).changeHostKey(),
      'server-error': ({ target }) => cloud.serverError(oneOf('server', target, HOST_NAMES)),
      'expire-tokens': () => cloud.expireTokens(),
      'wrong-password': () => cloud.setPassword('a-new-password'),
      api: (request) => this.#api(request),
      'db-wont-stop': ({ evenByForce }) => this.#database(evenByForce ? 'db-wont-stop-even-by-force' : 'db-wont-stop'),
      'db-wont-start': () => this.#database('db-wont-start'),
      corrupt: ({ target }) =>
        target === 'next' ? this.#archives.corruptNext() : this.#archives.corrupt(required('an archive', target)),
      damage: ({ target, seed = 1 }) => damageStore(this.#store(target), seed),
      fresh: ({ target }) => this.site.renew(oneOf('host', target, HOST_NAMES)),
    };
  }

  /**
   * Makes something go wrong until `clear`.
   *
   * @returns the request, with what was damaged if that is what it asked for
   * @throws Refused if there is no such fault, host, server or service
   */
  async set(request: FaultRequest): Promise<FaultRequest & Partial<Damage>> {
    const kind = oneOf('fault', request.kind, Object.keys(this.#kinds));
    const done = await this.#kinds[kind]?.(request);
    return kind === 'damage' ? { ...request, ...(done as Damage) } : request;
  }

  /** Ends all faults. What is corrupt, damaged or lost stays so, and what was cut off stays cut off. */
  async clear(): Promise<void> {
    for (const host of Object.values(this.site.hosts.named)) {
      host.slow(null);
      host.freeDisk();
      host.setSsh(true);
      host.restoreHostKey();
    }
    this.site.cloud.clearFaults();
    this.#archives.clear();
    await clearDatabaseFaults(onThisMachine, this.#databaseFaults);
  }

  #host(name: string | undefined) {
    return this.site.hosts.named[oneOf('host', name, HOST_NAMES)];
  }

  #api({ target, status, delay, for: lasting }: FaultRequest): void {
    const service = oneOf('service', target, SERVICES);
    if (status === undefined && delay === undefined) throw new Refused('api: --status or --delay is missing');
    const ms = (seconds: number | undefined) => seconds && seconds * 1000;
    this.site.cloud.api(service, { status, delayMs: ms(delay), forMs: ms(lasting) });
  }

  async #database(fault: DatabaseFault): Promise<void> {
    const { engine, faults } = this.site.engine;
    if (!faults.includes(fault)) throw new Refused(`${fault}: a real ${engine} knows nothing of this fault`);
    await setDatabaseFault(onThisMachine, fault, this.#databaseFaults);
  }

  /** On the machine's disk: reached while the host is off, too. */
  #store(name: string | undefined): string {
    return join(this.paths.disk(oneOf('host', name, HOST_NAMES)), 'bfdata');
  }

  /** The host's directory as it lies on this machine: reached while the host is off, too. */
  get #databaseFaults(): string {
    return join(this.paths.disk('db1'), 'var/lib/lab-faults');
  }
}

const onThisMachine = (command: string): Promise<unknown> => promisify(execFile)('sh', ['-c', command]);

function required<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw new Refused(`${what} is missing`);
  return value;
}
