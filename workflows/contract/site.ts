import { z } from 'zod';
import { absolutePath, name, seconds } from './fields';

/** A host that is reached over SSH; `address` may be an alias of `~/.ssh/config`. */
const hostDocument = z.strictObject({
  address: z.string().min(1),
  port: z.int().min(1).max(65535).optional(),
  user: z.string().min(1).optional(),
  /** The cloud server that is this host, if it is one. */
  server: name.optional(),
});

/** A page of the public address, told apart by its status and its `<title>`. */
const pageDocument = z.strictObject({
  /** The cloud server that holds the floating IP when this page is served. */
  server: name,
  status: z.int().min(100).max(599),
  title: z.string().min(1),
});

/** `check` is where the application answers inside, also while the public address is on the fallback page. */
const productionPageDocument = pageDocument.extend({ check: z.url().optional() });

/** Where messages go; a URL that is a secret is named by the worker's environment variable that holds it. */
const notifyDocument = z.union([
  z.strictObject({ webhook: z.url() }),
  z.strictObject({ webhookFromEnv: z.string().regex(/^[A-Z][A-Z0-9_]*$/) }),
  z.strictObject({ command: z.array(z.string().min(1)).min(1) }),
]);

const cockroachDocument = z.strictObject({
  engine: z.literal('cockroach'),
  host: name,
  /** The directory of the store, the whole of what is backed up. */
  store: absolutePath,
  /** `address:port` for SQL, as in `--listen-addr`. */
  listen: z.string().min(1),
  /** `address:port` for health checks, as in `--http-addr`. */
  http: z.string().min(1),
  database: z.string().regex(/^[a-z_][a-z0-9_]*$/),
  tables: z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/)).min(1),
  /** Directory with the certificates; without it the server is taken to run `--insecure`. */
  certsDir: absolutePath.optional(),
  /** More words for `cockroach start-single-node`, e.g. `--cache=.25`. */
  startFlags: z.array(z.string()).default([]),
});

const postgresDocument = z.strictObject({
  engine: z.literal('postgres'),
  host: name,
  /** The data directory (PGDATA), the whole of what is backed up. */
  store: absolutePath,
  /** Where clients on the host reach it: `address:port`, or `directory:port` for the socket in that directory. */
  listen: z
    .string()
    .regex(/^([^\s:[\]]*|\[[0-9a-f:]+\]):\d+$/, 'expected address:port, or directory:port for a socket'),
  database: z.string().regex(/^[a-z_][a-z0-9_]*$/),
  tables: z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/)).min(1),
  /** The role that looks and counts; it must be able to create a table in the database. */
  user: name.default('postgres'),
  /** A file in the form of `.pgpass` on the host, where the role needs a password. */
  passwordFile: absolutePath.optional(),
  /** The account the server belongs to, where the SSH user is root instead. */
  runAs: name.optional(),
  /** Where `postgres`, `pg_ctl` and `psql` are, if they are not on the PATH. */
  binDir: absolutePath.optional(),
  /** The systemd unit that starts and stops the server; without it, it is started with `pg_ctl`. */
  unit: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9@:._-]*$/, 'expected the name of a unit like postgresql@16-main')
    .optional(),
});

const databaseDocument = z.discriminatedUnion('engine', [cockroachDocument, postgresDocument]);

/** How the data gets from the store to the backup host. */
export const strategy = z.enum(['cold', 'checkpoint', 'reflink', 'native']);
export type Strategy = z.infer<typeof strategy>;

/** One site as its file says it. See `docs/site-file.md`. */
export const siteDocument = z
  .strictObject({
    hosts: z.record(name, hostDocument),
    /** The entry in `clouds.yaml`. */
    cloud: name,
    production: z.strictObject({
      url: z.url(),
      floatingIp: z.ipv4(),
      up: productionPageDocument,
      /** `check` is where the fallback page answers while production is up. */
      down: pageDocument.extend({ check: z.url() }),
    }),
    database: databaseDocument,
    backup: z.strictObject({
      host: name,
      /** Mount point of the backup volume, declared in the host's fstab. */
      volume: absolutePath,
      /** Where archives lie, on the volume. */
      directory: absolutePath,
      /** What is copied, and what of it while production is down; see `docs/daily-backup.md`. */
      strategy: strategy.default('cold'),
      /** The last so many verified archives stay. */
      keep: z.int().min(1).default(3),
      /** And the newest verified one of each of the last so many days, weeks, months, years; of the UTC calendar. */
      retention: z
        .strictObject({
          daily: z.int().min(1).optional(),
          weekly: z.int().min(1).optional(),
          monthly: z.int().min(1).optional(),
          yearly: z.int().min(1).optional(),
        })
        .optional(),
      /** The last verified backup may be this old before people are told, by the catalogue and by a run. */
      maxAgeHours: z.number().positive().default(26),
    }),
    limits: z
      .strictObject({
        /** When production has been down this long, the guard ends the run and brings it back. */
        maxDowntimeSeconds: seconds.default(1800),
        /** A database that has not stopped by itself within this time is stopped by force. */
        databaseStopSeconds: seconds.default(60),
        /** A server that does not answer SSH this long after its start has failed. */
        bootSeconds: seconds.default(300),
      })
      .prefault({}),
    restore: z
      .strictObject({
        /** Data that a restore has moved aside is kept this long. */
        keepAsideDays: z.number().positive().default(14),
        /** A restore that nobody has approved by then is off. */
        approvalHours: z.number().positive().default(1),
        /** When a restore has kept production down this long, its guard puts the old data back. */
        maxDowntimeSeconds: seconds.default(14_400),
      })
      .prefault({}),
    jobs: z
      .strictObject({
        /** On every host, relative to the user's home unless absolute; must survive a reboot. */
        directory: z.string().min(1).default('.runbook/jobs'),
        keepDays: z.int().min(1).default(14),
      })
      .prefault({}),
    notify: z.array(notifyDocument).default([]),
    /** A task queue of this site's own; its guards poll `<queue>-guard`. */
    queue: name.default('runbooks'),
  })
  .superRefine((document, context) => {
    for (const path of [
      ['database', 'host'],
      ['backup', 'host'],
    ] as const) {
      const host = document[path[0]].host;
      if (!(host in document.hosts))
        context.addIssue({
          code: 'custom',
          path: [...path],
          message: `no host ${host}; there are: ${Object.keys(document.hosts).join(', ')}`,
        });
    }
  });

export type SiteDocument = z.infer<typeof siteDocument>;
export type NotifyTarget = SiteDocument['notify'][number];

/** How to reach a host: plain data that actions carry, so that a run keeps the address it began with. */
export const hostRef = z.strictObject({
  name,
  address: z.string(),
  port: z.int().optional(),
  user: z.string().optional(),
  /** The cloud and server that are this host, if it is one. */
  server: z.strictObject({ cloud: name, name }).optional(),
  /** Where remote jobs live on it; see `jobs` in the site file. */
  jobs: z.strictObject({ directory: z.string(), keepDays: z.int() }),
});
export type HostRef = z.infer<typeof hostRef>;

/** A database on a host, as its actions take it. */
export const databaseRef = z.strictObject({
  host: hostRef,
  spec: databaseDocument,
  stopSeconds: seconds,
});
export type DatabaseRef = z.infer<typeof databaseRef>;
export type CockroachSpec = z.infer<typeof cockroachDocument>;
export type PostgresSpec = z.infer<typeof postgresDocument>;

/** The public face of a site, as its actions take it. */
export const productionRef = z.strictObject({
  cloud: name,
  url: z.url(),
  floatingIp: z.ipv4(),
  up: productionPageDocument,
  down: pageDocument.extend({ check: z.url() }),
});
export type ProductionRef = z.infer<typeof productionRef>;
