import { markerOf } from '../../../activities/database';
import { fail, failureTypeOf } from '../../../activities/failures';
import {
  type ActionName,
  definitionOf,
  type InputOf,
  type JobName,
  type OutputOf,
  type ReadName,
} from '../../../workflows/contract/actions';
import { type BackupRecord, catalogueEntry } from '../../../workflows/contract/actions/archives';
import { type Workplace } from '../../../workflows/contract/actions/copy';
import { type Call } from '../../../workflows/contract/calls';
import { type LoadedSite } from '../../../workflows/contract/companions';
import { type Outcome } from '../../../workflows/contract/each';
import { modelDocument } from './document';
import { Copies } from './copies';
import { Jobs } from './jobs';
import { Store } from './store';

/** What took effect, whoever did it. */
export interface Change {
  readonly what: string;
  readonly call: Call | null;
}

export interface Message {
  readonly kind: string;
  readonly run: string;
  readonly text: string;
}

type Step = Exclude<ActionName, JobName>;
type Answers<N extends ActionName> = (input: InputOf<N>, call: Call) => OutputOf<N>;

/**
 * A site in memory that behaves like one: hosts that may be off, an address, a database, a volume, remote jobs.
 *
 * Every action acts at one moment; what takes time is the caller's business. Actions behave as the adapters do: they
 * look before they act, a host that is off has nothing mounted and no jobs, one that does not answer is `Unavailable`.
 * `test/lab/lab.test.ts` holds it to the lab.
 */
export class SiteModel {
  server: 'ACTIVE' | 'SHUTOFF' = 'SHUTOFF';
  mounted = false;
  workplace = false;
  pull = false;
  /** The database host may pull from the backup host. */
  pullBack = false;
  /** What was unpacked in the workplace. */
  unpacked: string | null = null;
  readonly store = new Store();
  readonly copies = new Copies();
  production: 'production' | 'fallback' = 'production';
  note = '';
  running = true;
  /** The engine counts rows as of a moment that has passed. */
  looksBack = true;
  archives: BackupRecord[] = [];
  catalogue: BackupRecord[] = [];
  document = modelDocument;
  readonly jobs: Jobs;
  readonly messages: Message[] = [];
  /** Hosts that do not answer now. */
  readonly unreachable = new Set<string>();
  /** Told of every message to people. */
  told: (message: Message) => void = () => {};
  /** Told of every change that took effect. */
  changed: (change: Change) => void = () => {};

  constructor(readonly now: () => number) {
    this.jobs = new Jobs(now);
  }

  siteFile(name: string | null): LoadedSite {
    if (name !== null && name !== 'fake') throw fail('InvalidInput', `there is no site ${name}; there are: fake`);
    return { name: 'fake', document: this.document, sha256: '00' };
  }

  /** Carries out an action that is no job. */
  perform<N extends Step>(action: N, input: InputOf<N>, call: Call): OutputOf<N> {
    return (this.#steps[action] as unknown as Answers<N>)(input, call);
  }

  /** Carries out a slice of looks: one that fails for a while has failed as often as it was retried. */
  performEach<N extends ReadName>(
    action: N,
    inputs: readonly InputOf<N>[],
    call: Call,
  ): readonly Outcome<OutputOf<N>>[] {
    return inputs.map((input) => {
      try {
        return { output: this.perform(action, input, call) };
      } catch (error) {
        const type = failureTypeOf(error);
        if (!type) throw error;
        return { failure: { type, message: (error as Error).message } };
      }
    });
  }

  /** Launches a job, or finds the one of that key. */
  launch(action: JobName, input: unknown, call: Call): void {
    const host = hostOf(action, input);
    this.requireJobHost(host);
    const isNew = this.jobs.launch(action, input, call, host);
    if (isNew && readsStore(action, input) && this.running) this.jobs.get(call.key).flaws.push('a live store');
    if (isNew) this.changed({ what: `launched ${action}`, call });
  }

  /** What a job that has come to its end has done. */
  finish(key: string): void {
    const job = this.jobs.get(key);
    if (job.state !== 'running') return;
    const finish = this.#jobs[job.action] as unknown as (input: unknown, call: Call) => object;
    try {
      const output = finish(job.input, job.call);
      this.jobs.end(key, { key, host: job.host, starts: job.launches, ...output });
    } catch {
      this.jobs.fail(key);
    }
    this.changed({ what: `finished ${job.action}`, call: job.call });
  }

  /**
   * What following a job that was launched comes to; null while it runs.
   *
   * @throws `UnknownOutcome` for one that is lost; `ResourceFailed` for one that was stopped: a signal ended it
   */
  outcomeOf(key: string): object | null {
    const { state, output } = this.jobs.get(key);
    if (state === 'lost') throw fail('UnknownOutcome', `the job ${key} is lost: its host was rebooted`);
    if (state === 'stopped') throw fail('ResourceFailed', `the job ${key}: a signal ended it`);
    return output;
  }

  inform(message: Message): void {
    this.messages.push(message);
    this.told(message);
  }

  /** A host loses power and everything that runs on it; its disks stay. */
  crash(host: string): void {
    if (host === 'backup') {
      this.mounted = false;
    }
    if (host === 'db1') this.running = false;
    this.jobs.goDown(host, 'lost');
    this.unreachable.add(host);
    this.changed({ what: `${host} crashed`, call: null });
  }

  /** It answers again. */
  recover(host: string): void {
    this.unreachable.delete(host);
    this.changed({ what: `${host} answers again`, call: null });
  }

  /** The cloud knows of a host that it is off: a job on it is not waited for. */
  requireJobHost(host: string): void {
    if (host !== 'backup') return this.#reach(host);
    if (this.server !== 'ACTIVE' && !this.unreachable.has('cloud')) throw fail('ResourceFailed', 'backup is off');
    this.requireBackupHost();
  }

  requireBackupHost(): void {
    if (this.server !== 'ACTIVE') throw fail('Unavailable', 'no connection to backup: it is off');
    this.#reach('backup');
  }

  #reach(host: string): void {
    if (this.unreachable.has(host)) throw fail('Unavailable', `no connection to ${host}`, { target: `host/${host}` });
  }

  #set(what: string, call: Call, needed: boolean, act: () => void): { changed: boolean } {
    if (needed) {
      act();
      this.changed({ what, call });
    }
    return { changed: needed };
  }

  #did(what: string, call: Call, changed: boolean): { changed: boolean } {
    return this.#set(what, call, changed, () => undefined);
  }

  #onDatabaseHost<T>(act: () => T): T {
    this.#reach('db1');
    return act();
  }

  #setStage(made: boolean): void {
    this.store.staging = made;
    this.store.staged = null;
  }

  #at(): string {
    return new Date(this.now()).toISOString();
  }

  readonly #steps: { readonly [N in Step]: Answers<N> } = {
    checkCloud: () => {
      this.#reach('cloud');
      return { servers: {}, addressAt: 'balancer' };
    },
    readServer: () => {
      this.#reach('cloud');
      return { status: this.server, taskState: null };
    },
    startServer: (_input, call) => {
      this.#reach('cloud');
      const changed = this.#set('server on', call, this.server !== 'ACTIVE', () => (this.server = 'ACTIVE'));
      this.#reach('backup');
      return { ...changed, tookMs: 1 };
    },
    stopServer: (_input, call) => {
      this.#reach('cloud');
      const changed = this.#set('server off', call, this.server === 'ACTIVE', () => {
        this.server = 'SHUTOFF';
        this.mounted = false;
        this.jobs.goDown('backup', 'stopped');
      });
      return { ...changed, tookMs: 1 };
    },
    readProduction: () => {
      this.#reach('cloud');
      const isUp = this.production === 'production';
      return {
        serving: isUp && !this.running ? 'nothing' : this.production,
        at: isUp ? 'balancer' : 'www3',
        note: isUp ? '' : this.note,
        fallbackAnswers: true,
      };
    },
    takeProductionDown: ({ note }, call) => {
      this.#reach('cloud');
      const changed = this.#set('production down', call, this.production !== 'fallback' || this.note !== note, () => {
        this.production = 'fallback';
        this.note = note;
      });
      return { ...changed, at: this.#at() };
    },
    bringProductionUp: ({ unseen }, call) => {
      this.#reach('cloud');
      const changed = this.#set('production up', call, this.production !== 'production', () => {
        this.production = 'production';
        this.note = '';
      });
      // The address has moved, but the probe of the page behind it fails.
      if (!this.running && !unseen) throw fail('ResourceFailed', 'production does not answer: the database is stopped');
      return { ...changed, at: this.#at() };
    },
    readDatabase: () => {
      this.#reach('db1');
      const { running, looksBack } = this;
      return { running, healthy: running, version: '1', standIn: true, storeBytes: 100, looksBack };
    },
    countRows: () => {
      this.#reach('db1');
      if (!this.running) throw fail('ResourceFailed', 'the database does not answer');
      return { rows: { users: 1 }, marker: null };
    },
    writeMarker: (_input, { key }) => {
      this.#reach('db1');
      if (!this.running) throw fail('ResourceFailed', 'the database does not answer');
      return { marker: markerOf(key) };
    },
    stopDatabase: (_input, call) => {
      this.#reach('db1');
      return {
        ...this.#set('database stopped', call, this.running, () => (this.running = false)),
        forced: false,
        tookMs: 1,
        stoppedAt: this.looksBack ? this.#at() : null,
      };
    },
    startDatabase: (_input, call) => {
      this.#reach('db1');
      return {
        ...this.#set('database started', call, !this.running, () => {
          this.running = true;
          this.jobs.spoil(readsStore, 'a live store');
        }),
        tookMs: 1,
      };
    },
    readVolume: () => {
      this.requireBackupHost();
      return { mounted: this.mounted };
    },
    mountVolume: (_input, call) => {
      this.requireBackupHost();
      return this.#set('mounted', call, !this.mounted, () => (this.mounted = true));
    },
    unmountVolume: (_input, call) => {
      if (this.server === 'ACTIVE') this.#reach('backup');
      return this.#set('unmounted', call, this.mounted, () => (this.mounted = false));
    },
    checkBackupHost: () => {
      this.#requireVolume('PreconditionFailed');
      return { storeBytes: 100, freeBytes: 1000, neededBytes: 300, compression: 'zstd' };
    },
    checkStrategy: () => {
      this.#reach('db1');
      return { beside: '/bfdata.runbook', freeBytes: 1000, neededBytes: 10 };
    },
    readWorkplace: ({ workplace }) => {
      if (isSnapshot(workplace)) return { exists: this.#onDatabaseHost(() => this.copies.snapshotMade) };
      if (isStage(workplace)) return { exists: this.#onDatabaseHost(() => this.store.staging) };
      this.requireBackupHost();
      return { exists: this.mounted && this.workplace };
    },
    makeWorkplace: ({ workplace }, call) => {
      if (isSnapshot(workplace))
        return this.#onDatabaseHost(() => this.#set('snapshot made', call, true, () => this.copies.setSnapshot(true)));
      if (isStage(workplace))
        return this.#onDatabaseHost(() => this.#set('stage made', call, true, () => this.#setStage(true)));
      this.#requireVolume('ResourceFailed');
      // One that is there is made anew.
      return this.#set('workplace made', call, true, () => {
        this.workplace = true;
        this.unpacked = null;
        this.copies.copy = null;
      });
    },
    removeWorkplace: ({ workplace }, call) => {
      if (isSnapshot(workplace))
        return this.#onDatabaseHost(() =>
          this.#set('snapshot removed', call, this.copies.snapshotMade, () => this.copies.setSnapshot(false)),
        );
      if (isStage(workplace))
        return this.#onDatabaseHost(() =>
          this.#set('stage removed', call, this.store.staging, () => this.#setStage(false)),
        );
      if (this.server === 'ACTIVE') this.#reach('backup');
      return this.#set('workplace removed', call, this.mounted && this.workplace, () => (this.workplace = false));
    },
    readPull: ({ pull }) => {
      if (pull.way === 'back') {
        this.requireBackupHost();
        return { authorized: this.pullBack };
      }
      this.#reach('db1');
      return { authorized: this.pull };
    },
    authorizePull: ({ pull }, call) => {
      this.requireBackupHost();
      this.#reach('db1');
      // Every time with a new key.
      const authorize = () => (pull.way === 'back' ? (this.pullBack = true) : (this.pull = true));
      return { ...this.#set('pull authorized', call, true, authorize), fingerprint: 'f' };
    },
    revokePull: ({ pull }, call) => {
      this.#reach('db1');
      if (this.server === 'ACTIVE') this.#reach('backup');
      if (pull.way === 'back') return this.#set('pull revoked', call, this.pullBack, () => (this.pullBack = false));
      return this.#set('pull revoked', call, this.pull, () => (this.pull = false));
    },
    listArchives: () => {
      this.#requireVolume('ResourceFailed');
      return { archives: [...this.archives] };
    },
    removeArchives: ({ remove }, call) => {
      if (remove.length > 0) this.#requireVolume('ResourceFailed');
      const known = new Set(this.archives.map(({ name }) => name));
      const names = new Set(remove.map(({ name }) => name).filter((name) => known.has(name)));
      this.#set(`removed ${[...names].join(', ')}`, call, names.size > 0, () => {
        this.archives = this.archives.filter(({ name }) => !names.has(name));
      });
      return { removed: [...names] };
    },
    distrustArchive: ({ name }, call) => {
      this.#requireVolume('ResourceFailed');
      const verified = this.archives.some((archive) => archive.name === name && archive.verified);
      return this.#set(`distrusted ${name}`, call, verified, () => {
        this.archives = this.archives.map((archive) =>
          archive.name === name ? { ...archive, verified: false, verifiedAt: null } : archive,
        );
      });
    },
    readCatalogue: () => ({ backups: this.catalogue.map((record) => catalogueEntry.parse(record)) }),
    updateCatalogue: ({ backups }) => {
      this.catalogue = [...backups];
      return {};
    },
    recordDrill: () => ({}),
    checkRestoreTarget: () => {
      this.#reach('db1');
      return { beside: '/bfdata.runbook', freeBytes: 1000, neededBytes: 100, version: '1' };
    },
    readRows: ({ asOf }) => {
      this.#reach('db1');
      if (!this.running) return { rows: null, hasMarker: null, problem: 'the database does not answer' };
      return { rows: asOf === undefined ? this.store.rows() : { users: 1 }, hasMarker: null, problem: null };
    },
    readSwap: ({ aside }) => this.#onDatabaseHost(() => ({ state: this.store.swapState(aside) })),
    swapStore: (input, call) =>
      this.#onDatabaseHost(() => this.#did('data swapped', call, this.store.swap(input, this.running))),
    returnStore: ({ aside }, call) =>
      this.#onDatabaseHost(() => this.#did('data returned', call, this.store.putBack(aside, this.running))),
    keepAside: ({ aside }, call) => ({
      ...this.#onDatabaseHost(() => this.#did('data kept', call, this.store.keep(aside))),
      bytes: 100,
    }),
    listAside: () => this.#onDatabaseHost(() => ({ beside: '/bfdata.runbook', aside: this.store.kept() })),
    removeAside: ({ aside }) => ({ removed: this.#onDatabaseHost(() => this.store.remove(aside)) }),
    checkApplication: () => {
      this.#reach('db1');
      if (!this.running) throw fail('Unavailable', 'the application does not answer: the database is stopped');
      return { answered: true };
    },
    readHost: ({ host: { name } }) => {
      if (name === 'backup') this.requireBackupHost();
      this.#reach(name);
      return { bootId: name, uptimeSeconds: 1, load: 0, freeBytes: 1000 };
    },
    stopJob: ({ key, host: { name: host } }, call) => {
      if (host === 'backup' && this.server !== 'ACTIVE') return { key, host, state: 'host-off', starts: 0 };
      this.#reach(host);
      const { state, starts } = this.jobs.stop(key, call);
      if (state === 'stopped') this.changed({ what: 'job stopped', call });
      return { key, host, state, starts };
    },
    notify: ({ kind, run, text }) => {
      this.inform({ kind, run, text });
      return {};
    },
  };

  /** What each job has done when it ends, without what every job answers. */
  readonly #jobs: {
    readonly [N in JobName]: (input: InputOf<N>, call: Call) => Omit<OutputOf<N>, 'key' | 'host' | 'starts'>;
  } = {
    copyAhead: () => ({ files: 1, bytes: 100, copiedFiles: 1, copiedBytes: 100, tookMs: 1 }),
    takeSnapshot: ({ way }, { runId }) => {
      if (!this.copies.snapshotMade) throw fail('ResourceFailed', 'there is no directory for a snapshot');
      this.copies.snapshot = { content: this.store.content, way, runId };
      return { sharedFiles: 1, sharedBytes: 90, copiedFiles: 1, copiedBytes: 10, tookMs: 1 };
    },
    backUpOnline: (_input, { runId, key: marker }) => {
      if (!this.copies.snapshotMade) throw fail('ResourceFailed', 'there is no directory for a backup');
      if (!this.running) throw fail('ResourceFailed', 'the database does not answer');
      this.copies.snapshot = { content: this.store.content, way: 'native', runId };
      return { files: 1, bytes: 100, form: 'store', rows: null, marker, asOf: this.#at(), tookMs: 1 };
    },
    copyStore: ({ pull: { snapshot } }, { runId }) => {
      if (!this.pull) throw fail('ResourceFailed', 'the backup host may not read');
      const held = snapshot === undefined ? { content: this.store.content, way: 'cold', runId } : this.copies.snapshot;
      if (!held) throw fail('ResourceFailed', 'there is no whole snapshot to be copied');
      this.copies.copy = held;
      return { files: 1, bytes: 100, copiedFiles: 1, copiedBytes: 10, tookMs: 1 };
    },
    makeArchive: ({ name, facts }, call) => {
      const archive = `${name}.tar.zst`;
      if (!this.copies.copy) throw fail('ResourceFailed', 'there is no copy to be archived');
      this.copies.archived.set(archive, this.copies.copy);
      if (!this.archives.some((known) => known.name === archive))
        this.archives.unshift({
          kind: 'archive',
          name: archive,
          site: 'fake',
          createdAt: facts.productionUpAt ?? this.#at(),
          bytes: 50,
          sha256: 'aa',
          engine: 'cockroach',
          strategy: facts.strategy,
          verified: false,
          verifiedAt: null,
          rows: facts.rows,
          marker: facts.marker,
          run: facts.run.workflowId,
        });
      this.changed({ what: `archive ${archive}`, call });
      return { archive, bytes: 50, sha256: 'aa', manifestSha256: 'bb', tookMs: 1 };
    },
    unpackArchive: ({ archive }) => {
      const known = this.archives.find(({ name }) => name === archive);
      if (!known) throw fail('ResourceFailed', `there is no ${archive}`);
      this.unpacked = archive;
      return { files: 1, bytes: 100, rows: known.rows, marker: null, asOf: known.createdAt, tookMs: 1 };
    },
    fetchStore: () => {
      this.#requireVolume('ResourceFailed');
      this.#requireStage();
      if (this.unpacked === null || !this.pullBack) throw fail('ResourceFailed', 'there is nothing to be fetched');
      this.store.staged = this.unpacked;
      return { files: 1, bytes: 100, copiedFiles: 1, copiedBytes: 100, tookMs: 1 };
    },
    copyAside: ({ aside }) => {
      this.#requireStage();
      const kept = this.store.swaps.get(aside);
      if (kept?.state !== 'kept') throw fail('ResourceFailed', `${aside} is not kept`);
      this.store.staged = kept.old;
      return { files: 1, bytes: 100, copiedFiles: 1, copiedBytes: 100, tookMs: 1 };
    },
    readBack: ({ archive }, call) => {
      const verifiedAt = this.#at();
      this.archives = this.archives.map((known) =>
        known.name === archive ? { ...known, verified: true, verifiedAt } : known,
      );
      this.changed({ what: `verified ${archive}`, call });
      return { verifiedAt, rows: { users: 1 }, tookMs: 1 };
    },
  };

  #requireStage(): void {
    if (!this.store.staging) throw fail('ResourceFailed', 'there is no stage');
  }

  #requireVolume(otherwise: 'PreconditionFailed' | 'ResourceFailed'): void {
    this.requireBackupHost();
    if (!this.mounted) throw fail(otherwise, '/backup is not mounted on backup');
  }
}

/** The workplace of a restore on the database host. */
const isStage = ({ host }: Workplace) => host.name === 'db1';
/** The one beside the store that a backup copies from. */
const isSnapshot = ({ host, directory }: Workplace) => host.name === 'db1' && directory.endsWith('/snapshot');

/** Whether a job copies from the store itself, which nobody may have open then. */
const readsStore = (action: JobName, input: unknown): boolean =>
  action === 'takeSnapshot' || (action === 'copyStore' && (input as InputOf<'copyStore'>).pull.snapshot === undefined);

/** The host of a remote job. */
export function hostOf(action: JobName, input: unknown): string {
  return definitionOf(action).host?.(input).name ?? 'backup';
}

/** Whether an action is a remote job. */
export function isJob(action: ActionName): action is JobName {
  return definitionOf(action).profile === 'job';
}
