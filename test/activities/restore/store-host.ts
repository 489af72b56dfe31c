import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DatabaseRef } from '../../../workflows/contract/site';
import { type OpenStack } from '../../../activities/openstack';
import { systemClock } from '../../../activities/openstack/clock';
import { restoreActions } from '../../../activities/restore';
import { contextFor, type LocalHosts } from '../copy/local-hosts';

export const noCloud: OpenStack = {
  cloud: () => {
    throw new Error('these hosts are no servers');
  },
  close: async () => undefined,
};

export const routeTo = ({ name, address }: { name: string; address: string }) => ({
  host: address,
  port: 2222,
  user: 'root',
  knownHosts: `[${address}]:2222 ssh-ed25519 key-of-${name}\n`,
});

export type Tree = Readonly<Record<string, string>>;

/** Paths and contents of all files below, our own directory left out. */
export function treeOf(root: string): Tree {
  if (!existsSync(root)) return {};
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return Object.fromEntries(
    paths
      .filter((path) => !path.startsWith('.runbook/'))
      .sort()
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  );
}

export function plant(root: string, tree: Tree): void {
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

export const oldData: Tree = { '000001.sst': 'old', 'base/1': 'old', '.hidden': 'old' };
export const newData: Tree = { '000001.sst': 'new', 'base/2': 'new', '-dash it': 'new' };

/** A store with old data on a host, new data staged beside it, and the actions that swap them. */
export class StoreHost {
  readonly root: string;
  readonly store: string;
  readonly beside: string;
  readonly stage: string;
  readonly database: DatabaseRef;
  readonly actions: ReturnType<typeof restoreActions>;
  private readonly home: string;

  /** @param inside Whether `beside` is in the store, as where that is a mount point. */
  constructor(hosts: LocalHosts, { inside = false, name = 'db1' } = {}) {
    const host = hosts.ref(name);
    this.home = hosts.home(name);
    this.root = mkdtempSync(join(hosts.root, 'disk-'));
    this.store = join(this.root, 'store');
    this.beside = inside ? join(this.store, '.runbook') : `${this.store}.runbook`;
    this.stage = join(this.beside, 'stage');
    plant(this.store, oldData);
    this.restage();
    this.database = {
      host,
      stopSeconds: 60,
      spec: {
        engine: 'cockroach',
        host: name,
        store: this.store,
        listen: ':26257',
        http: ':8080',
        database: 'bookface',
        tables: ['users'],
        startFlags: [],
      },
    };
    this.actions = restoreActions({ openstack: noCloud, ssh: hosts, routeTo, clock: systemClock });
    hosts.program(name, 'mv', mvThatMayBeTheLast);
  }

  restage(): void {
    rmSync(this.stage, { recursive: true, force: true });
    plant(join(this.stage, 'store'), newData);
  }

  /** From here on the program that moves is killed at the rename after so many. */
  killAfter(renames: number): void {
    writeFileSync(join(this.home, 'renames-left'), `${renames}`);
  }

  /** Whether it was. */
  wasKilled(): boolean {
    const left = join(this.home, 'renames-left');
    const killed = readFileSync(left, 'utf8').trim() === 'killed';
    rmSync(left);
    return killed;
  }

  at(name: string) {
    return { database: this.database, beside: this.beside, aside: name };
  }

  read = async (name = 'a') => (await this.actions.readSwap.do(this.at(name), contextFor())).state;
  swap = (name = 'a') =>
    this.actions.swapStore.do({ ...this.at(name), stage: this.stage, facts: factsOf(name) }, contextFor());
  back = (name = 'a') => this.actions.returnStore.do(this.at(name), contextFor());
  keep = (name = 'a') => this.actions.keepAside.do(this.at(name), contextFor());
  remove = (name = 'a') => this.actions.removeAside.do(this.at(name), contextFor());
  list = async (site = 'lab') =>
    (await this.actions.listAside.do({ database: this.database, site }, contextFor())).aside;

  present = () => treeOf(this.store);
  aside = (name = 'a') => treeOf(join(this.beside, 'aside', name, 'store'));
}

const factsOf = (name: string) => ({
  site: 'lab',
  run: `restore/lab/${name}`,
  restored: 'lab-1.tar.zst',
  createdAt: '2026-11-21T03:00:00Z',
  keptUntil: '2026-12-05T03:00:00Z',
  rows: { users: 2 },
});

/** Renames one at a time, counts down in `renames-left`, and at 0 kills the program that asked, as a power cut would. */
const mvThatMayBeTheLast = `left=$HOME/renames-left
one() {
  if [ -e "$left" ]; then
    n=$(cat "$left")
    if [ "$n" = 0 ] || [ "$n" = killed ]; then
      echo killed > "$left"
      pid=$PPID victims=
      while [ "$pid" -gt 1 ]; do
        if tr '\\0' ' ' < "/proc/$pid/cmdline" | grep -q '\\(swap-store-\\|xargs\\)'; then victims="$pid $victims"; fi
        pid=$(sed 's/.*) . //' "/proc/$pid/stat" | cut -d ' ' -f 1)
      done
      kill -KILL $victims
      exit 1
    fi
    echo $((n - 1)) > "$left"
  fi
  /bin/mv "$@"
}
if [ "$1" = -n ] && [ "$2" = -t ]; then
  to=$3
  shift 4
  for each; do one -n -t "$to" -- "$each" || exit; done
else one "$@"; fi`;
