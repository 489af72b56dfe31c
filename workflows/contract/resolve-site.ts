import { type DatabaseRef, type HostRef, type NotifyTarget, type ProductionRef, type SiteDocument } from './site';

/** A site as runbooks use it: names of hosts replaced by how to reach them. */
export interface Site {
  readonly name: string;
  readonly cloud: string;
  readonly hosts: Readonly<Record<string, HostRef>>;
  readonly production: ProductionRef;
  readonly database: DatabaseRef;
  readonly backup: {
    readonly host: HostRef;
    readonly volume: string;
    readonly directory: string;
    /** Absent in runs of before there was a choice. */
    readonly strategy?: SiteDocument['backup']['strategy'];
    readonly keep: number;
    readonly retention?: SiteDocument['backup']['retention'];
    readonly maxAgeHours: number;
  };
  readonly limits: SiteDocument['limits'];
  readonly restore: SiteDocument['restore'];
  readonly notify: readonly NotifyTarget[];
  readonly queue: string;
}

/** Joins what the site file says in different places. The document is valid, so every name resolves. */
export function resolveSite(name: string, document: SiteDocument): Site {
  const { cloud, production, limits, restore, notify, queue, jobs } = document;
  const hosts = Object.fromEntries(
    Object.entries(document.hosts).map(([host, { server, ...reach }]): [string, HostRef] => [
      host,
      { name: host, ...reach, ...(server === undefined ? {} : { server: { cloud, name: server } }), jobs },
    ]),
  );
  const hostOf = (host: string): HostRef => hosts[host] as HostRef;
  return {
    name,
    cloud,
    hosts,
    production: { cloud, ...production },
    database: {
      host: hostOf(document.database.host),
      spec: document.database,
      stopSeconds: limits.databaseStopSeconds,
    },
    backup: { ...document.backup, host: hostOf(document.backup.host) },
    limits,
    restore,
    notify,
    queue,
  };
}
