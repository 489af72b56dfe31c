import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type DatabaseRef } from '../../../workflows/contract/site';
import { copyActions } from '../../../activities/copy';
import { snapshotActions } from '../../../activities/snapshot';
import { contextFor, LocalHosts } from '../copy/local-hosts';
import { noCloud, routeTo } from '../restore/store-host';

type Way = 'checkpoint' | 'reflink';

/** A store of CockroachDB's shape on a host that is a directory, and the actions that take snapshots of it. */
export class SnapshotHost {
  readonly hosts = new LocalHosts();
  readonly store = join(this.hosts.root, 'disk', 'store');
  readonly database: DatabaseRef = {
    host: this.hosts.ref('db1', { address: 'db1.example' }),
    stopSeconds: 60,
    spec: {
      ...{ engine: 'cockroach', host: 'db1', store: this.store, listen: ':26257', http: ':8080' },
      ...{ database: 'bookface', tables: ['users'], startFlags: [] },
    },
  };
  readonly snapshot = { host: this.database.host, directory: `${this.store}.runbook/snapshot` };
  readonly actions = {
    ...copyActions({ openstack: noCloud, ssh: this.hosts, routeTo }),
    ...snapshotActions({ openstack: noCloud, ssh: this.hosts, routeTo }),
  };

  constructor() {
    for (const name of ['000004.sst', '000007.sst', 'auxiliary/deep/000009.sst']) this.put(name, `data of ${name}`);
    for (const name of ['CURRENT', 'MANIFEST-000001', '000008.log', "it's odd \\"]) this.put(name, `state of ${name}`);
    for (const name of ['LOCK', 'logs/cockroach.log', 'cockroach-temp1/spill', '.runbook/lock'])
      this.put(name, 'no data');
    mkdirSync(join(this.store, 'empty'));
    chmodSync(join(this.store, 'auxiliary'), 0o750);
    chmodSync(join(this.store, '000007.sst'), 0o440);
    symlinkSync('CURRENT', join(this.store, 'link'));
  }

  /** Another one in its place, as a file that is never changed is replaced. */
  put(path: string, text: string): void {
    mkdirSync(dirname(join(this.store, path)), { recursive: true });
    rmSync(join(this.store, path), { force: true });
    writeFileSync(join(this.store, path), text);
  }

  check = (strategy: Way) => this.actions.checkStrategy.do({ database: this.database, strategy }, contextFor());
  make = () => this.actions.makeWorkplace.do({ workplace: this.snapshot }, contextFor());
  remove = () => this.actions.removeWorkplace.do({ workplace: this.snapshot }, contextFor());
  take = (way: Way) =>
    this.actions.takeSnapshot.do({ database: this.database, snapshot: this.snapshot, way }, contextFor());

  /** What of the store belongs into a backup. */
  data = () => described(this.store, ['LOCK', 'logs', 'cockroach-temp1', '.runbook']);
  taken = () => described(this.snapshot.directory, ['.runbook']);
  inode = (path: string) => statSync(path).ino;
}

/** Path, type, mode and content of everything below. */
export function described(root: string, leaveOut: readonly string[] = []): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(root.length + 1);
      if (entry.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
      const mode = (statSync(path).mode & 0o7777).toString(8);
      return entry.isDirectory() ? `${name}/ ${mode}` : `${name} ${mode} ${readFileSync(path, 'utf8')}`;
    })
    .filter(
      (line) => !leaveOut.some((name) => line === name || line.startsWith(`${name}/`) || line.startsWith(`${name} `)),
    )
    .sort();
}
