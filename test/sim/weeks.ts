import { reportOf, watchOf } from '../../activities/archive/catalogue';
import { type BackupRecord, type CatalogueEntry } from '../../workflows/contract/actions/archives';
import { type CatalogueInput } from '../../workflows/contract/backups';
import { messages } from '../../workflows/contract/messages';
import { SimulatedWorkers } from './attempts';
import { Clock } from './clock';
import { Companions } from './companions';
import { Random } from './random';
import { SiteModel } from './site/model';
import { type Sandbox } from './temporal/sandbox';
import { TemporalServer } from './temporal/server';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** A site's catalogue, and its runs, through weeks of virtual time, with what people were told of it. */
export class Weeks {
  readonly clock = new Clock(Date.UTC(2026, 0, 5));
  readonly site = new SiteModel(() => this.clock.nowMs);
  /** `<days since the beginning> <kind>`. */
  readonly told: string[] = [];
  readonly workers: SimulatedWorkers;
  readonly server: TemporalServer;
  readonly #began = this.clock.nowMs;

  constructor(
    readonly sandbox: Sandbox,
    seed: number,
  ) {
    const random = new Random(seed);
    this.workers = new SimulatedWorkers(
      ...([this.clock, random, this.site, [], () => undefined, () => undefined] as const),
    );
    const nobody = () => undefined;
    const observer = { started: nobody, commanded: nobody, closed: nobody, signalled: nobody };
    this.server = new TemporalServer(this.clock, random, sandbox, this.workers, observer);
    this.workers.server = this.server;
    this.workers.companions = new Companions(this.clock, random, this.server, this.site);
    this.site.messages.push = (message) =>
      this.told.push(`${((this.clock.nowMs - this.#began) / dayMs).toFixed(2)} ${message.kind}: ${message.text}`);
  }

  start(input: CatalogueInput = { site: 'fake' }): void {
    this.server.start({ workflowId: 'catalogue/fake', type: 'catalogue', queue: 'runbooks-guard', args: [input] });
  }

  tell(signal: string, content: unknown): void {
    this.server.signal('catalogue/fake', null, signal, [content]);
  }

  watch(maxAgeHours = 26): void {
    this.tell(messages.watched, { ...watchOf(this.site.siteFile(null)), maxAgeHours });
  }

  /** A verified backup, made now. */
  backUp(): void {
    const createdAt = new Date(this.clock.nowMs).toISOString();
    const record: BackupRecord = {
      ...{ kind: 'archive', name: createdAt.slice(0, 10), site: 'fake', createdAt, bytes: 1, sha256: 'aa' },
      ...{ engine: 'cockroach', strategy: 'cold', verified: true, verifiedAt: createdAt },
      ...{ rows: null, marker: null, run: 'daily-backup/fake/1' },
    };
    this.site.archives.unshift(record);
    const update = { site: 'fake', backups: this.site.archives };
    this.tell(messages.catalogued, reportOf(update, this.site.siteFile(null), 'daily-backup/fake/1'));
  }

  async until(days: number): Promise<void> {
    let there = false;
    this.clock.at(this.#began + days * dayMs, () => {
      there = true;
    });
    await this.clock.run(Infinity, () => there);
  }

  /** Starts runs of a runbook, each so many days after the beginning. */
  runOn(days: readonly number[], type: string, input: object): void {
    for (const day of days)
      this.clock.at(this.#began + day * dayMs, () => {
        const workflowId = `${type}/fake-${new Date(this.clock.nowMs).toISOString()}`;
        this.server.start({ workflowId, type, queue: 'runbooks', args: [input] });
      });
  }

  async entries(): Promise<CatalogueEntry[]> {
    return (await this.server.latest('catalogue/fake')?.instance?.query(messages.backups)) as CatalogueEntry[];
  }
}
