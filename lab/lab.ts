import { rmSync } from 'node:fs';
import { Faults, type FaultRequest } from './faults';
import { type Executed, type LabHost } from './hosts/host';
import { HOST_NAMES, type Layout } from './layout';
import { type Paths } from './paths';
import { oneOf, Refused } from './refusal';
import { type LabSettings } from './settings';
import { Site } from './site';
import { type LabStatus, statusOf } from './status';
import { TemporalServer } from './temporal';

export interface LabOptions {
  readonly paths: Paths;
  readonly layout: Layout;
  readonly settings: LabSettings;
}

export type Say = (line: string) => void;

/** The lab: a site and a Temporal server, and what can be done to them. */
export class Lab {
  readonly #temporal: TemporalServer;
  #binary: string | undefined;
  #site: Site | undefined;
  #faults: Faults | undefined;
  /** Coming up, going down and starting anew wait for each other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: LabOptions) {
    this.#temporal = new TemporalServer(options.paths, options.layout);
  }

  /** Brings up what is not up; returns when Temporal answers and the public address serves. */
  up(temporalBinary: string, say: Say): Promise<LabStatus> {
    return this.#inTurn(async () => {
      this.#binary = temporalBinary;
      if (this.#temporal.pid === null) say('Starting the Temporal server');
      const started = await Promise.allSettled([this.#temporal.start(temporalBinary), this.#site ?? this.#begin(say)]);
      for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
      return this.status();
    });
  }

  /** Ends everything; what is stored stays. */
  down(): Promise<void> {
    return this.#inTurn(async () => {
      await Promise.all([this.#temporal.stop(), this.#end()]);
    });
  }

  /** Makes the site anew, with new data; Temporal keeps what it has. */
  reset(say: Say): Promise<LabStatus> {
    return this.#inTurn(async () => {
      const database = this.#site?.engine.engine ?? this.options.settings.database;
      await this.#end();
      rmSync(this.options.paths.data, { recursive: true, force: true });
      await this.#begin(say, database);
      return this.status();
    });
  }

  async status(): Promise<LabStatus> {
    return statusOf(this.#running(), this.#temporal, this.options.layout);
  }

  startTemporal(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#binary === undefined) throw new Refused('the lab has not come up yet');
      await this.#temporal.start(this.#binary);
    });
  }

  stopTemporal(): Promise<void> {
    return this.#inTurn(() => this.#temporal.stop());
  }

  /** Runs words as `ssh` does: joined, by a shell, as root. */
  exec(host: string, words: readonly string[]): Promise<Executed> {
    const found = this.#host(host);
    if (found.power === 'off') throw new Refused(`${host} is off`);
    return found.exec(words.join(' '));
  }

  /** Turns a host's power switch; the cloud sees it. Returns when SSH listens, or nothing runs any more. */
  async power(name: string, state: string): Promise<void> {
    const host = this.#host(name);
    const { cloud } = this.#running();
    const asked = oneOf('power', state, ['on', 'off', 'reboot']);
    if (asked !== 'on') {
      await host.powerOff();
      cloud.reportPower(name, 'off');
    }
    if (asked !== 'off') {
      const booted = host.boot();
      cloud.reportPower(name, 'on');
      await booted;
    }
  }

  cut(name: string): void {
    this.#host(name).cut();
  }

  mend(name: string): void {
    this.#host(name).mend();
  }

  setFault(request: FaultRequest): Promise<FaultRequest> {
    this.#running();
    return this.#faults!.set(request);
  }

  async clearFaults(): Promise<void> {
    await this.#faults?.clear();
  }

  #host(name: string): LabHost {
    return this.#running().hosts.named[oneOf('host', name, HOST_NAMES)];
  }

  #running(): Site {
    if (!this.#site) throw new Refused('the lab is not up yet');
    return this.#site;
  }

  async #begin(say: Say, database = this.options.settings.database): Promise<void> {
    say('Starting the site: hosts, cloud, database, web application');
    this.#site = await Site.start({ ...this.options, settings: { ...this.options.settings, database }, say });
    this.#faults = new Faults(this.#site, this.options.paths);
    await this.#faults.clear();
  }

  async #end(): Promise<void> {
    await this.#faults?.clear();
    await this.#site?.stop();
    this.#site = this.#faults = undefined;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}
