import { type EngineName } from './database/database';
import { type Isolation } from './hosts/host';
import { HOST_NAMES, type Layout, text } from './layout';
import { type Notification } from './notifications/receiver';
import { type Serving, type Site } from './site';
import { NAMESPACE, type TemporalServer } from './temporal';
import { type VisitorStatus } from './visitor/visitor';

/** The state of a lab, as `lab status --json` prints it. */
export interface LabStatus {
  readonly up: boolean;
  readonly isolation: Isolation;
  readonly publicUrl: string;
  readonly serving: Serving;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly ui: string;
    /** Null while it does not run. */
    readonly pid: number | null;
  };
  /** `ssh` is `address:port`. */
  readonly hosts: Readonly<Record<string, { readonly power: 'on' | 'off'; readonly ssh: string }>>;
  readonly servers: Readonly<Record<string, { readonly status: string; readonly taskState: string | null }>>;
  readonly floatingIp: { readonly address: string; readonly at: string | null };
  readonly database: {
    readonly engine: EngineName;
    readonly version: string;
    readonly standIn: boolean;
    readonly running: boolean;
    /** Empty while it does not serve. */
    readonly rows: Readonly<Record<string, number>>;
  };
  readonly visitor: VisitorStatus;
  readonly notifications: readonly Notification[];
}

/** Looks at everything. */
export async function statusOf(site: Site, temporal: TemporalServer, layout: Layout): Promise<LabStatus> {
  const { hosts, cloud, database, engine, receiver } = site;
  const running = await database.isRunning();
  const [serving, version, rows, visitor] = await Promise.all([
    site.serving(),
    database.version(),
    running ? database.rows() : {},
    site.seenByVisitor(),
  ]);
  const { address, at } = cloud.floatingIp(layout.public.host);
  return {
    up: true,
    isolation: hosts.isolation,
    publicUrl: site.publicUrl,
    serving,
    temporal: {
      address: text(layout.temporal),
      namespace: NAMESPACE,
      ui: `http://${text(layout.temporalUi)}`,
      pid: temporal.pid,
    },
    hosts: Object.fromEntries(
      HOST_NAMES.map((name) => [name, { power: hosts.named[name].power, ssh: text(layout.ssh[name]) }]),
    ),
    servers: cloud.servers(),
    floatingIp: { address, at },
    database: { engine: engine.engine, version, standIn: engine.standIn, running, rows },
    visitor,
    notifications: receiver.list(),
  };
}
