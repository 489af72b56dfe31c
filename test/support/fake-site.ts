import { fail } from '../../activities/failures';
import { type ActionContext, type Implementations } from '../../activities/implementation';
import { type ActionName, type InputOf, type OutputOf } from '../../workflows/contract/actions';
import { type BackupRecord } from '../../workflows/contract/actions/archives';
import { type LoadedSite } from '../../workflows/contract/companions';
import { type Tell } from '../../activities/perform';
import { siteDocument } from '../../workflows/contract/site';

export const fakeDocument = siteDocument.parse({
  hosts: {
    balancer: { address: '192.0.2.1', server: 'balancer' },
    www3: { address: '192.0.2.2', server: 'www3' },
    db1: { address: '192.0.2.3', server: 'db1' },
    backup: { address: '192.0.2.4', server: 'backup' },
  },
  cloud: 'fake',
  production: {
    url: 'http://192.0.2.9/',
    floatingIp: '192.0.2.9',
    up: { server: 'balancer', status: 200, title: 'bookface' },
    down: { server: 'www3', status: 503, title: 'maintenance', check: 'http://192.0.2.2/' },
  },
  database: {
    engine: 'cockroach',
    host: 'db1',
    store: '/bfdata',
    listen: '192.0.2.3:26257',
    http: '192.0.2.3:8080',
    database: 'bookface',
    tables: ['users'],
  },
  backup: { host: 'backup', volume: '/backup', directory: '/backup/bookface' },
  limits: { maxDowntimeSeconds: 60, databaseStopSeconds: 5, bootSeconds: 5 },
  notify: [{ webhook: 'http://192.0.2.8/' }],
});

/** What a test makes happen when an action is carried out. */
export type Fault = (context: ActionContext) => Promise<void>;

/** A site in memory: it behaves like one, remembers every change in order, and takes faults. */
export class FakeSite {
  server: 'ACTIVE' | 'SHUTOFF' = 'SHUTOFF';
  mounted = false;
  workplace = false;
  pull = false;
  production: 'production' | 'fallback' = 'production';
  note = '';
  running = true;
  archives: BackupRecord[] = [];
  catalogue: BackupRecord[] = [];
  document = fakeDocument;
  /** Every change that took effect, in order. */
  readonly changes: string[] = [];
  readonly messages: { kind: string; run: string; text: string }[] = [];
  readonly jobs = new Map<string, number>();
  readonly stopped: string[] = [];
  /** Runs before the action takes effect. */
  readonly before = new Map<ActionName, Fault>();
  /** Runs after it took effect, before it is answered. */
  readonly after = new Map<ActionName, Fault>();

  /** As it was before anything was done. */
  asFound(): boolean {
    return (
      this.server === 'SHUTOFF' &&
      !this.mounted &&
      !this.workplace &&
      !this.pull &&
      this.production === 'production' &&
      this.running
    );
  }

  readonly tell: Tell = async (_targets, message) => {
    this.messages.push(message);
  };

  readonly loadSite = async (name: string | null): Promise<LoadedSite> => {
    if (name !== null && name !== 'fake') throw fail('InvalidInput', `there is no site ${name}; there are: fake`);
    return { name: 'fake', document: this.document, sha256: '00' };
  };

  #set(change: string, changed: boolean, act: () => void): { changed: boolean } {
    if (changed) {
      act();
      this.changes.push(change);
    }
    return { changed };
  }

  #job(context: ActionContext): { key: string; host: string; starts: number } {
    const { key } = context.call;
    if (!this.jobs.has(key)) this.jobs.set(key, 1);
    context.markJobStarted();
    return { key, host: 'backup', starts: this.jobs.get(key) ?? 0 };
  }

  readonly #behaviour: { readonly [N in ActionName]: (input: InputOf<N>, context: ActionContext) => OutputOf<N> } = {
    checkCloud: () => ({ servers: {}, addressAt: 'balancer' }),
    readServer: () => ({ status: this.server, taskState: null }),
    startServer: () => ({
      ...this.#set('server on', this.server !== 'ACTIVE', () => (this.server = 'ACTIVE')),
      tookMs: 1,
    }),
    stopServer: () => ({
      ...this.#set('server off', this.server === 'ACTIVE', () => {
        this.server = 'SHUTOFF';
        this.mounted = false;
      }),
      tookMs: 1,
    }),
    readProduction: () => ({
      serving: this.production,
      at: this.production === 'production' ? 'balancer' : 'www3',
      note: this.note,
      fallbackAnswers: true,
    }),
    takeProductionDown: ({ note }) => ({
      ...this.#set('production down', this.production !== 'fallback', () => {
        this.production = 'fallback';
        this.note = note;
      }),
      at: new Date().toISOString(),
    }),
    bringProductionUp: () => {
      if (!this.running) throw fail('ResourceFailed', 'production brought up over a stopped database');
      return {
        ...this.#set('production up', this.production !== 'production', () => {
          this.production = 'production';
          this.note = '';
        }),
        at: new Date().toISOString(),
      };
    },
    readDatabase: () => ({
      running: this.running,
      healthy: this.running,
      version: '1',
      standIn: true,
      storeBytes: 100,
    }),
    countRows: () => ({ rows: { users: 1 }, marker: null }),
    stopDatabase: () => ({
      ...this.#set('database stopped', this.running, () => (this.running = false)),
      forced: false,
      tookMs: 1,
    }),
    startDatabase: () => ({ ...this.#set('database started', !this.running, () => (this.running = true)), tookMs: 1 }),
    readVolume: () => ({ mounted: this.mounted }),
    mountVolume: () => this.#set('mounted', !this.mounted, () => (this.mounted = true)),
    unmountVolume: () => this.#set('unmounted', this.mounted, () => (this.mounted = false)),
    checkBackupHost: () => ({ storeBytes: 100, freeBytes: 1000, neededBytes: 300, compression: 'zstd' }),
    readWorkplace: () => ({ exists: this.workplace }),
    makeWorkplace: () => this.#set('workplace made', !this.workplace, () => (this.workplace = true)),
    removeWorkplace: () => this.#set('workplace removed', this.workplace, () => (this.workplace = false)),
    readPull: () => ({ authorized: this.pull }),
    authorizePull: () => ({ ...this.#set('pull authorized', !this.pull, () => (this.pull = true)), fingerprint: 'f' }),
    revokePull: () => this.#set('pull revoked', this.pull, () => (this.pull = false)),
    copyAhead: (_input, context) => ({ ...this.#copy(context), copiedBytes: 100 }),
    copyStore: (_input, context) => {
      if (this.running) throw fail('ResourceFailed', 'copied a live store');
      return this.#copy(context);
    },
    makeArchive: ({ name, facts }, context) => {
      const archive = `${name}.tar.zst`;
      if (!this.archives.some((known) => known.name === archive))
        this.archives.unshift({
          kind: 'archive',
          name: archive,
          site: 'fake',
          createdAt: facts.productionUpAt,
          bytes: 50,
          sha256: 'aa',
          engine: 'cockroach',
          strategy: 'cold',
          verified: false,
          verifiedAt: null,
          rows: facts.rows,
          marker: null,
          run: facts.run.workflowId,
        });
      return { ...this.#job(context), archive, bytes: 50, sha256: 'aa', manifestSha256: 'bb', tookMs: 1 };
    },
    readBack: ({ archive }, context) => {
      const verifiedAt = new Date().toISOString();
      this.archives = this.archives.map((known) =>
        known.name === archive ? { ...known, verified: true, verifiedAt } : known,
      );
      return { ...this.#job(context), verifiedAt, rows: { users: 1 }, tookMs: 1 };
    },
    listArchives: () => ({ archives: [...this.archives] }),
    removeArchives: ({ remove }) => {
      const names = new Set(remove.map(({ name }) => name));
      this.archives = this.archives.filter(({ name }) => !names.has(name));
      return { removed: [...names] };
    },
    readCatalogue: () => ({ backups: [...this.catalogue] }),
    updateCatalogue: ({ backups }) => {
      this.catalogue = [...backups];
      return {};
    },
    stopJob: ({ key }) => {
      this.stopped.push(key);
      return { key, host: 'backup', state: 'stopped', starts: this.jobs.get(key) ?? 0 };
    },
    notify: ({ kind, run, text }) => {
      this.messages.push({ kind, run, text });
      return {};
    },
  };

  #copy(context: ActionContext) {
    return { ...this.#job(context), files: 1, bytes: 100, copiedFiles: 1, copiedBytes: 10, tookMs: 1 };
  }

  /** The code of every action, on this site. A description predicts what the behaviour would return. */
  implementations(): Implementations {
    const entries = Object.entries(this.#behaviour).map(([name, behave]) => {
      const action = name as ActionName;
      const act = behave as (input: unknown, context: ActionContext) => unknown;
      return [
        action,
        {
          do: async (input: unknown, context: ActionContext) => {
            await this.before.get(action)?.(context);
            const output = act(input, context);
            await this.after.get(action)?.(context);
            return output;
          },
          describe: async (input: unknown, context: ActionContext) => {
            const copy = Object.assign(new FakeSite(), { running: action !== 'copyStore' && this.running });
            return {
              command: `do ${action}`,
              now: null,
              changes: true,
              output: (copy.#behaviour[action] as typeof act)(input, context),
            };
          },
        },
      ];
    });
    return Object.fromEntries(entries) as Implementations;
  }
}

/** Holds an action up until it is let go; answers when the action is there. */
export function gate(): { readonly fault: Fault; readonly reached: Promise<void>; readonly open: () => void } {
  let open = () => {};
  let reach = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return {
    fault: async (context) => {
      reach();
      await Promise.race([opened, aborted(context.signal)]);
      context.signal.throwIfAborted();
    },
    reached,
    open: () => open(),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
