import { type BackupRecord } from '../contract/actions/archives';

/** One archive and what becomes of it, with the reason. */
export interface Decision {
  readonly name: string;
  readonly why: string;
}

export interface RotationPlan {
  readonly keep: readonly Decision[];
  readonly remove: readonly Decision[];
}

/**
 * Which archives stay: the newest `keep` verified ones, and everything newer than the oldest of these.
 *
 * Only verified archives count, so that archives nobody could read back never push out one that somebody could.
 * With fewer than `keep` verified ones nothing is removed. The order of the archives does not matter.
 */
export function planRotation(archives: readonly BackupRecord[], keep: number): RotationPlan {
  const newestFirst = archives
    .filter(({ kind }) => kind === 'archive')
    .sort((a, b) => (a.createdAt === b.createdAt ? (a.name < b.name ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1));
  const kept: Decision[] = [];
  const removed: Decision[] = [];
  let verified = 0;
  for (const { name, verified: isVerified } of newestFirst) {
    if (verified >= keep) removed.push({ name, why: `older than the newest ${keep} verified` });
    else if (isVerified) kept.push({ name, why: `verified, ${(verified += 1)} of ${keep}` });
    else kept.push({ name, why: `not verified, and newer than the newest ${keep} verified: look at it` });
  }
  return { keep: kept, remove: removed };
}
