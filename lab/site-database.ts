import { Client } from 'pg';
import { type LabDatabase, PATIENCE_MS, TABLES } from './database/database';
import { type LabHost } from './hosts/host';
import { type HostName, type Layout } from './layout';

/** The site's database, as one looks at it from outside. */
export class SiteDatabase {
  #version: string | undefined;

  constructor(
    private readonly database: LabDatabase,
    private readonly layout: Pick<Layout, 'sql' | 'databaseHealth'>,
    private readonly hosts: Readonly<Record<HostName, LabHost>>,
  ) {}

  /** Whether its process runs and answers health checks. */
  async isRunning(): Promise<boolean> {
    return this.database.isRunning(this.layout);
  }

  /** Whether it serves clients. */
  async isReady(): Promise<boolean> {
    return this.database.isReady(this.layout);
  }

  /** Rows in each table; none of them while it does not serve. */
  async rows(): Promise<Record<string, number>> {
    const { host, port } = this.layout.sql;
    const client = new Client({
      ...{ host, port, user: 'root', database: 'bookface' },
      ...{ connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS },
    });
    client.on('error', () => undefined); // it may be stopped while it counts
    try {
      await client.connect();
      const counts = TABLES.map((table) => `(select count(*) from ${table}) as ${table}`);
      const { rows } = await client.query<Record<string, string>>(`select ${counts.join(', ')}`);
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([table, count]) => [table, Number(count)]));
    } catch {
      return {};
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** What its program says on a host that is on; empty while none is. */
  async version(): Promise<string> {
    const host = Object.values(this.hosts).find(({ power }) => power === 'on');
    if (this.#version === undefined && host) {
      const { code, stdout } = await host.exec(this.database.versionCommand);
      if (code === 0) this.#version = stdout.trim();
    }
    return this.#version ?? '';
  }
}
