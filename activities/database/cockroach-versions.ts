/** A major version is a year and a release in it: `v20.2`. */
interface Major {
  readonly year: number;
  readonly release: number;
}

/**
 * CockroachDB opens the data of its own major version and of the one before, and upgrades it by that.
 *
 * Releases that may be skipped when upgrading (since 24.1) are not skipped here: a restore is no time to try.
 */
export function cannotOpenCockroach(writtenBy: string, installed: string): string | null {
  if (writtenBy === installed) return null;
  const [data, program] = [majorOf(writtenBy), majorOf(installed)];
  if (!data || !program) return 'one of the versions cannot be read';
  const newer = data.year - program.year || data.release - program.release;
  if (newer > 0) return 'data of a newer version cannot be opened';
  return newer === 0 || follows(program, data) ? null : 'only the version before it can be upgraded';
}

/** Whether a version is of a major version before that one; one that cannot be read is not. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [majorOf(version), majorOf(than)];
  return !!one && !!other && (one.year - other.year || one.release - other.release) < 0;
}

const follows = (later: Major, { year, release }: Major): boolean =>
  later.year === year
    ? later.release === release + 1
    : later.year === year + 1 && later.release === 1 && release === releasesIn(year);

const releasesIn = (year: number): number => (year < 24 ? 2 : year === 24 ? 3 : 4);

function majorOf(version: string): Major | undefined {
  const match = /^v?(\d{2})\.(\d)(?!\d)/.exec(version);
  return match ? { year: Number(match[1]), release: Number(match[2]) } : undefined;
}
