import { type BackupPlace, type BackupRecord, type CatalogueEntry, type Drill } from '../contract/actions/archives';
import { type CatalogueReport } from '../contract/backups';

/** What a run has seen; `where` is null in what catalogues of before were told: the site's archives, all there are. */
export type Seen = Pick<CatalogueReport, 'backups' | 'decisions' | 'by'> & { readonly where: BackupPlace | null };

export interface Reconciled {
  /** Newest first. */
  readonly entries: readonly CatalogueEntry[];
  /** What people should hear of, a sentence each. */
  readonly news: readonly string[];
}

const drillsKept = 5;
/** What is missing stays in the list for so long. */
const missingDays = 90;
const dayMs = 86_400_000;

/**
 * What is known after a run has looked at a place.
 *
 * What lies there is taken as it is, also when it was unknown. What was known there and is gone is missing, unless a
 * decision removed it or its time was over. Other places stay as they are. Taking the same report in twice changes nothing.
 */
export function reconcile(known: readonly CatalogueEntry[], seen: Seen, at: string): Reconciled {
  const { backups, where, decisions, by } = seen;
  const byName = new Map(known.map((entry) => [entry.name, entry]));
  const there = new Set(backups.map(({ name }) => name));
  const decided = new Map<string, CatalogueEntry['decision']>([
    ...(decisions?.keep ?? []).map(({ name, why }) => [name, { keep: true, why }] as const),
    ...(decisions?.remove ?? []).map(({ name, why }) => [name, { keep: false, why }] as const),
  ]);

  const present = backups.map((record): CatalogueEntry => {
    const before = byName.get(record.name);
    const drills = before?.drills ?? [];
    return {
      ...(isDistrusted(record, drills) ? { ...record, verified: false, verifiedAt: null } : record),
      where: where ?? before?.where ?? null,
      seenAt: at,
      missingSince: null,
      foundAt: before?.foundAt ?? at,
      foundBy: before?.foundBy ?? by,
      drills,
      decision: decided.get(record.name) ?? before?.decision ?? null,
    };
  });

  // What catalogues of before knew lay where the archives are.
  const tellsOfArchives = backups.some(({ kind }) => kind === 'archive');
  const isHere = (entry: CatalogueEntry) =>
    where === null || (entry.where ? isSame(entry.where, where) : tellsOfArchives);
  const isOver = ({ keptUntil }: CatalogueEntry) => keptUntil !== undefined && keptUntil <= at;
  const news: string[] = [];
  const absent = known.flatMap((entry): CatalogueEntry[] => {
    if (there.has(entry.name)) return [];
    if (!isHere(entry)) return [entry];
    if (where === null || decided.get(entry.name)?.keep === false || isOver(entry)) return [];
    if (entry.missingSince !== null)
      return Date.parse(at) - Date.parse(entry.missingSince) < missingDays * dayMs ? [entry] : [];
    news.push(`${entry.name} is no longer in ${placeText(where)}, and no run has removed it (seen by ${by})`);
    return [{ ...entry, missingSince: at }];
  });

  return { entries: newestFirst([...present, ...absent]), news };
}

/** What is known after a drill. One that failed takes the verification away. A drill that is told twice counts once. */
export function withDrill(known: readonly CatalogueEntry[], drill: Drill): readonly CatalogueEntry[] {
  return known.map((entry) => {
    if (entry.name !== drill.backup) return entry;
    const drills = [...entry.drills.filter(({ run }) => run !== drill.run), drill].slice(-drillsKept);
    return { ...entry, drills, ...(isDistrusted(entry, drills) ? { verified: false, verifiedAt: null } : {}) };
  });
}

/** Name of a place for people. */
export const placeText = ({ host, directory }: BackupPlace): string => `${host}:${directory}`;

/** A drill has failed, and nobody has read the backup back since. */
function isDistrusted({ verifiedAt }: BackupRecord, drills: readonly Drill[]): boolean {
  const last = drills.at(-1);
  return last !== undefined && !last.ok && (verifiedAt === null || Date.parse(verifiedAt) <= Date.parse(last.at));
}

const isSame = (one: BackupPlace, other: BackupPlace) => one.host === other.host && one.directory === other.directory;

function newestFirst(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  const key = ({ createdAt, name }: CatalogueEntry) => `${new Date(createdAt).toISOString()} ${name}`;
  return [...entries].sort((a, b) => (key(a) < key(b) ? 1 : -1));
}
