import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { layoutOf } from '../../lab/layout';
import { type Paths } from '../../lab/paths';
import { verifiedArchives } from './archives';

/** What the database holds of the visitor's posts, and what the visitor was told that it holds. */
export interface Posts {
  readonly held: readonly { readonly id: string; readonly at: number }[];
  /** Ids in the order in which they were acknowledged. */
  readonly acknowledged: readonly string[];
  /** Rows in each table. */
  readonly rows: Readonly<Record<string, number>>;
}

/** The newest backup, as its manifest has it. */
export interface Backup {
  readonly asOf: number;
  readonly rows: Readonly<Record<string, number>> | null;
}

/** What a case is to be judged by that replaces data. */
export interface DataEvidence {
  readonly backup: Backup;
  readonly before: Posts;
  readonly after: Posts;
  /** States of the swaps on the database host, by name; those of before, and those that the case has made. */
  readonly swapsBefore: Swaps;
  readonly swaps: Swaps;
  readonly staged: boolean;
}

export type Swaps = Readonly<Record<string, string>>;

/** Asks the database itself, past application and product. @throws while it does not serve */
export async function lookAtPosts(paths: Paths): Promise<Posts> {
  const acknowledged = acknowledgedIn(paths.journal);
  const { sql } = layoutOf(Number(readFileSync(paths.slot, 'utf8')));
  const client = new Client({ ...sql, user: 'root', database: 'bookface', connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the query says so
  await client.connect();
  try {
    const posts = await client.query<{ id: string; at: string }>(
      `select id, extract(epoch from created_at) * 1000 as at from posts where id like 'visitor-%'`,
    );
    const counted = await client.query<Record<string, string>>(
      // A visitor goes on writing: posts of others stay as many.
      `select (select count(*) from users) as users, (select count(*) from comments) as comments,
        (select count(*) from posts where id not like 'visitor-%') as posts`,
    );
    const others: Record<string, number> = Object.fromEntries(
      Object.entries(counted.rows[0] ?? {}).map(([table, count]) => [table, Number(count)]),
    );
    return {
      held: posts.rows.map(({ id, at }) => ({ id, at: Number(at) })),
      acknowledged,
      rows: { ...others, posts: (others['posts'] ?? 0) + posts.rows.length },
    };
  } finally {
    await client.end();
  }
}

function acknowledgedIn(journal: string): readonly string[] {
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as { readonly ack?: string })
    .flatMap(({ ack }) => (ack === undefined ? [] : [ack]));
}

/** @throws where there is none */
export function newestBackup(paths: Paths): Backup {
  const newest = [...verifiedArchives(paths).keys()].at(-1) ?? '';
  const text = readFileSync(join(paths.backupVolume, `${newest}.manifest.json`), 'utf8');
  type Manifest = { readonly productionDownAt: string | null; readonly asOf?: string; readonly rows: Backup['rows'] };
  // One that took production down is as of that moment; another one says of which.
  const { productionDownAt, asOf = productionDownAt, rows } = JSON.parse(text) as Manifest;
  return { asOf: Date.parse(asOf ?? ''), rows };
}

/** A store's neighbour is in it where it is a mount point. */
const besides = ({ disk }: Paths) => ['bfdata.runbook', 'bfdata/.runbook'].map((name) => join(disk('db1'), name));

export function swapsIn(paths: Paths): Swaps {
  const found = besides(paths).flatMap((beside) => {
    const aside = join(beside, 'aside');
    if (!existsSync(aside)) return [];
    return readdirSync(aside).map((name) => [name, stateOf(join(aside, name, 'state'))] as const);
  });
  return Object.fromEntries(found);
}

function stateOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return 'none';
  }
}

const liesBeside = (name: string) => (paths: Paths) => besides(paths).some((beside) => existsSync(join(beside, name)));

export const isStaged = liesBeside('stage');
export const hasSnapshot = liesBeside('snapshot');

/** Says what does not hold of the data that serves: it is the old or the restored, whole, as the journal of the swap has it. */
export function* dataIsWhole(seen: DataEvidence, completed: boolean): Iterable<string> {
  const made = Object.entries(seen.swaps).filter(([name]) => !(name in seen.swapsBefore));
  const unended = Object.entries(seen.swaps).filter(([, state]) => state !== 'kept' && state !== 'returned');
  if (unended.length > 0) yield `a swap is left half-way: ${unended.map((each) => each.join(' is ')).join(', ')}`;
  if (seen.staged) yield 'what was staged is still on the database host';
  const kept = made.filter(([, state]) => state === 'kept').length;
  if (kept > 1) yield `${kept} stores were moved aside by one run`;
  if (completed && kept === 0) yield 'the run is completed and no data was moved aside';
  yield* kept > 0 ? restoredServes(seen) : oldServes(seen);
}

function* oldServes({ before, after }: DataEvidence): Iterable<string> {
  const ids = new Set(after.held.map(({ id }) => id));
  const gone = [...before.held.map(({ id }) => id), ...acknowledgedSince(before, after)].filter((id) => !ids.has(id));
  if (gone.length > 0) yield `the old data serves, and ${gone.length} rows of it are gone, ${gone[0]} is the first`;
  for (const table of ['users', 'comments'])
    if (before.rows[table] !== after.rows[table])
      yield `the old data serves; ${table} had ${before.rows[table]} rows and has ${after.rows[table]}`;
}

function* restoredServes({ backup, before, after }: DataEvidence): Iterable<string> {
  const ids = new Set(after.held.map(({ id }) => id));
  const since = new Set(before.held.filter(({ at }) => at > backup.asOf).map(({ id }) => id));
  const lacks = before.held.filter(({ id, at }) => at <= backup.asOf && !ids.has(id));
  if (lacks.length > 0) yield `the backup serves without ${lacks.length} rows of it, ${lacks[0]?.id} is the first`;
  const mixed = [...since].filter((id) => ids.has(id));
  if (mixed.length > 0) yield `the backup serves with ${mixed.length} rows of later, ${mixed[0]} is the first`;
  // What was acknowledged in the course of the run is gone up to the time production went down, and there from when it came back.
  const fresh = acknowledgedSince(before, after).filter((id) => !since.has(id));
  const firstKept = fresh.findIndex((id) => ids.has(id));
  const lost = firstKept < 0 ? [] : fresh.slice(firstKept).filter((id) => !ids.has(id));
  if (lost.length > 0)
    yield `${lost.length} writes acknowledged by the restored data are gone, ${lost[0]} is the first`;
  const later = after.held.filter(({ at }) => at > backup.asOf).length;
  for (const [table, count] of Object.entries(backup.rows ?? {})) {
    const has = (after.rows[table] ?? 0) - (table === 'posts' ? later : 0);
    if (has !== count) yield `the backup serves; ${table} has ${has} rows of its ${count}`;
  }
}

const acknowledgedSince = (before: Posts, after: Posts): readonly string[] =>
  after.acknowledged.slice(before.acknowledged.length);
