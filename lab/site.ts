import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FloatingIp, startFloatingIp } from './application/floating-ip';
import { type Cloud } from './cloud/cloud';

import { labDatabase } from './database/choose';
import { type EngineName, type LabDatabase } from './database/database';
import { seedDatabase } from './database/seed';
import { hostKeyAt } from './hosts/host-key';
import { HOST_NAMES, type HostName, type Layout, text } from './layout';
import { type NotificationReceiver, startNotificationReceiver } from './notifications/receiver';
import { writeOperatorFiles } from './operator-files';
import { type Paths } from './paths';
import { type LabSettings } from './settings';
import { createSiteCloud } from './site-cloud';
import { SiteDatabase } from './site-database';
import { AS_NEW, createSiteHosts, type SiteHosts } from './site-hosts';
import { findPostsIn } from './visitor/find-posts';
import { visit } from './visitor/browser';
import { Visitor, type VisitorStatus } from './visitor/visitor';

export interface SiteOptions {
  readonly paths: Paths;
  readonly layout: Layout;
  readonly settings: LabSettings;
  /** Told what takes time. */
  readonly say: (line: string) => void;
}

/** What the public address serves. */
export type Serving = 'production' | 'fallback' | 'nothing';

const DATABASE_WITHIN_MS = 60_000;
const PRODUCTION_WITHIN_MS = 30_000;

/** The engine that a site's data was made with; undefined if there is none yet. */
function engineOfData({ seeded }: Paths): EngineName | undefined {
  if (!existsSync(seeded)) return undefined;
  const { engine } = JSON.parse(readFileSync(seeded, 'utf8')) as { engine?: EngineName };
  return engine ?? 'cockroach';
}

/** The site in operation: hosts, cloud, database, application, public address, a visitor, and somebody to be told. */
export class Site {
  private constructor(
    private readonly options: SiteOptions,
    readonly engine: LabDatabase,
    readonly hosts: SiteHosts,
    readonly cloud: Cloud,
    readonly publicAddress: FloatingIp,
    readonly receiver: NotificationReceiver,
    readonly database: SiteDatabase,
    private readonly visitor: Visitor,
  ) {}

  /**
   * Starts the site as it was, or makes it; returns when production serves, or what else the floating IP leads to.
   *
   * A start that was cut short while the data was made is made anew.
   */
  static async start(options: SiteOptions): Promise<Site> {
    const { paths, layout, settings } = options;
    if (!existsSync(paths.seeded)) rmSync(paths.data, { recursive: true, force: true });
    mkdirSync(paths.data, { recursive: true });
    const begun: (() => Promise<void>)[] = [];
    try {
      const engine = labDatabase(engineOfData(paths) ?? settings.database, paths.libraries);
      const hosts = await createSiteHosts({ paths, layout, database: engine, bootDelayMs: settings.bootDelayMs });
      begun.push(hosts.close);
      const operatorKey = hostKeyAt(paths.key).public;
      await Promise.all(HOST_NAMES.map((name) => hosts.named[name].authorize(`${operatorKey} operator`)));

      const publicAddress = await startFloatingIp(layout.public);
      begun.push(() => publicAddress.close());
      const onMoved = (server: HostName | null) => publicAddress.moveTo(server && text(layout.web[server]));
      const cloud = await createSiteCloud({ paths, layout, settings, hosts, onMoved });
      begun.push(() => cloud.close());
      onMoved(cloud.floatingIp(layout.public.host).at as HostName | null);

      const receiver = await startNotificationReceiver({ ...layout.notifications, file: paths.notifications });
      begun.push(() => receiver.close());
      const notificationsUrl = receiver.url;
      writeOperatorFiles({ paths, layout, hosts, database: engine, cloudUrl: cloud.url, notificationsUrl });

      const publicUrl = `http://${text(layout.public)}`;
      const visitor = new Visitor({ publicUrl, journal: paths.journal, perSecond: settings.visitsPerSecond });
      begun.push(() => visitor.stop());
      const database = new SiteDatabase(engine, layout, hosts.named);
      const site = new Site(options, engine, hosts, cloud, publicAddress, receiver, database, visitor);
      await site.#begin();
      return site;
    } catch (error) {
      for (const end of begun.reverse()) await end();
      throw error;
    }
  }

  get publicUrl(): string {
    return `http://${text(this.options.layout.public)}/`;
  }

  async serving(): Promise<Serving> {
    const { sight } = await visit({ url: new URL(this.publicUrl), agent: false });
    return sight === 'production' || sight === 'fallback' ? sight : 'nothing';
  }

  /** What the visitor has seen; lost writes are counted now if the database runs. */
  async seenByVisitor(): Promise<VisitorStatus> {
    await this.visitor.check(findPostsIn(text(this.options.layout.sql))).catch(() => undefined);
    return this.visitor.status();
  }

  /**
   * Loses a host: another one takes its place, at once, with an empty disk and the same address and host key. What runs
   * on it at boot runs, but for a database, which has no data.
   */
  async renew(name: HostName): Promise<void> {
    const { paths } = this.options;
    const host = this.hosts.named[name];
    const wasOn = host.power === 'on';
    await host.wipe();
    this.cloud.reportPower(name, 'off');
    await host.authorize(`${hostKeyAt(paths.key).public} operator`);
    const asNew = join(paths.disk(name), AS_NEW);
    mkdirSync(dirname(asNew), { recursive: true });
    writeFileSync(asNew, '');
    if (!wasOn) return;
    const booted = host.boot();
    this.cloud.reportPower(name, 'on');
    await booted;
  }

  /** Where the lab's `fault corrupt` finds archives. */
  get backupVolume(): string {
    return this.options.paths.backupVolume;
  }

  /** Ends everything, the database in an orderly way; what is stored stays. */
  async stop(): Promise<void> {
    await this.visitor.stop();
    await this.publicAddress.close();
    if (this.hosts.named.db1.power === 'on') await this.hosts.named.db1.shutDown();
    await this.cloud.close();
    await this.hosts.close();
    await this.receiver.close();
  }

  async #begin(): Promise<void> {
    const { paths, settings, layout, say } = this.options;
    const on = HOST_NAMES.filter((name) => this.#isOn(name));
    await Promise.all(on.map((name) => this.hosts.named[name].boot()));
    if (this.#isOn('db1')) await this.#databaseServes();
    if (!existsSync(paths.seeded)) {
      say(`Seeding the database (about ${settings.megabytes} MB)`);
      const { host, port } = layout.sql;
      const rows = await seedDatabase({
        host,
        port,
        megabytes: settings.megabytes,
        firstDatabase: this.engine.firstDatabase,
      });
      await this.engine.settle(layout);
      mkdirSync(dirname(paths.seeded), { recursive: true });
      writeFileSync(
        paths.seeded,
        `${JSON.stringify({ at: new Date().toISOString(), engine: this.engine.engine, rows })}\n`,
      );
    }
    await this.#publicAddressServes();
    this.visitor.start();
  }

  #isOn(name: HostName): boolean {
    return this.cloud.servers()[name]?.status === 'ACTIVE';
  }

  /** A database that was damaged must not keep the rest of a site down that was made before. */
  async #databaseServes(): Promise<void> {
    const { paths, say } = this.options;
    const problem = `the database on db1 does not serve; see ${paths.disk('db1')}/var/log/${this.engine.engine}.log`;
    for (const until = Date.now() + DATABASE_WITHIN_MS; !(await this.database.isReady()); await sleep(50)) {
      if (Date.now() < until && this.hosts.named.db1.power === 'on') continue;
      if (!existsSync(paths.seeded)) throw new Error(problem);
      return say(problem);
    }
  }

  async #publicAddressServes(): Promise<void> {
    const at = this.cloud.floatingIp(this.options.layout.public.host).at;
    if (at === null || !this.#isOn(at as HostName)) return;
    const wanted: Serving = at === 'www3' ? 'fallback' : 'production';
    for (const until = Date.now() + PRODUCTION_WITHIN_MS; (await this.serving()) !== wanted; await sleep(50))
      if (Date.now() > until) {
        const problem = `${this.publicUrl} at ${at} does not serve the page of ${wanted}`;
        if (wanted === 'production' && !(await this.database.isReady())) return this.options.say(problem);
        throw new Error(problem);
      }
  }
}
