import { type BackupRecord } from '../contract/actions/archives';

/** One archive and what becomes of it, with the reason. */
export interface Decision {
  readonly name: string;
  readonly why: string;
}

export interface RetentionPlan {
  /** Newest first, like what is removed. */
  readonly keep: readonly Decision[];
  readonly remove: readonly Decision[];
}

/** How many verified archives stay. */
export interface RetentionPolicy {
  /** The last so many, however old. */
  readonly keep: number;
  /** The newest of each of the last so many days, weeks, months or years that have one. @default 0 */
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

/** Of the UTC calendar: two machines, and the two ends of a summer, agree on it. Weeks are those of ISO 8601. */
const periods = {
  daily: { name: 'day', of: (at: string) => at.slice(0, 10) },
  weekly: { name: 'week', of: isoWeek },
  monthly: { name: 'month', of: (at: string) => at.slice(0, 7) },
  yearly: { name: 'year', of: (at: string) => at.slice(0, 4) },
} as const;
type Rule = keyof typeof periods;
const rules = Object.keys(periods) as Rule[];

/**
 * Which archives stay: the last `keep` verified ones, the newest verified one of each period, and what is not verified
 * but newer than the last `keep`.
 *
 * Only verified archives count, so that archives nobody could read back never push out one that somebody could. One that
 * a drill has failed on stays for as long as it would as a verified one, beside the older one that takes its place.
 * With fewer than `keep` verified ones nothing is removed. The order of the archives does not matter, and what is kept
 * is kept again when nothing was added.
 */
export function planRetention(archives: readonly BackupRecord[], policy: RetentionPolicy): RetentionPlan {
  const newestFirst = archives
    .filter(({ kind }) => kind === 'archive')
    .sort((a, b) => (a.createdAt === b.createdAt ? (a.name < b.name ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1));
  const verified = newestFirst.filter((archive) => archive.verified);
  const places = placesOf(verified, policy);
  const placesIfTrusted = placesOf(
    newestFirst.filter((archive) => archive.verified || archive.problem !== undefined),
    policy,
  );
  const oldest = verified[policy.keep - 1];
  const isNew = (index: number) => !oldest || index < newestFirst.indexOf(oldest);
  const last = `the last ${policy.keep} verified`;
  const kinds = rules.filter((rule) => policy[rule]);
  const others = kinds.length > 0 ? `, and no ${kinds.join(' or ')} one` : '';

  const keep: Decision[] = [];
  const remove: Decision[] = [];
  for (const [index, { name, verified: isVerified }] of newestFirst.entries()) {
    const place = places.get(name);
    const placeIfTrusted = placesIfTrusted.get(name);
    if (place) keep.push({ name, why: `verified: ${place.join(', ')}` });
    else if (isVerified) remove.push({ name, why: `older than ${last}${others}` });
    else if (placeIfTrusted) keep.push({ name, why: `not trusted, else ${placeIfTrusted.join(', ')}: look at it` });
    else if (isNew(index)) keep.push({ name, why: `not verified, and newer than ${last}: look at it` });
    else remove.push({ name, why: `not verified, and older than ${last}` });
  }
  return { keep, remove };
}

/** Why each of them stays; one that has no reason is not in it. */
function placesOf(
  newestFirst: readonly BackupRecord[],
  policy: RetentionPolicy,
): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  const give = (name: string, place: string) => places.set(name, [...(places.get(name) ?? []), place]);
  newestFirst.slice(0, policy.keep).forEach(({ name }, index) => give(name, `last ${index + 1} of ${policy.keep}`));
  for (const rule of rules) {
    const most = policy[rule] ?? 0;
    const seen = new Set<string>();
    for (const { name, createdAt } of newestFirst) {
      const period = periods[rule].of(createdAt);
      if (seen.size === most || seen.has(period)) continue;
      seen.add(period);
      give(name, `${periods[rule].name} ${period} (${seen.size} of ${most})`);
    }
  }
  return places;
}

/** `2026-W47`: a week belongs to the year that its Thursday is in. */
function isoWeek(at: string): string {
  const thursday = new Date(`${at.slice(0, 10)}T00:00:00Z`);
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const year = thursday.getUTCFullYear();
  const week = Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7);
  return `${year}-W${String(week).padStart(2, '0')}`;
}
