import { type BackupRecord, type WantedBackup } from '../contract/actions/archives';

/** The backup that is meant, or why there is none. */
export type Choice<B> = { readonly chosen: B } | { readonly problem: string };

/** What a drill has done with a backup, as far as the choice depends on it. */
interface Drilled {
  readonly drills?: readonly { readonly at: string }[];
}

/**
 * The backup that a person means: `latest` and `before` choose among verified ones, a name any.
 *
 * Names are those of archives, with or without their suffix. The order of the backups does not matter.
 */
export function chooseBackup<B extends BackupRecord>(backups: readonly B[], wanted: WantedBackup): Choice<B> {
  const newestFirst = [...backups].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  const verified = newestFirst.filter((backup) => backup.verified);
  if (wanted === 'latest') return found(verified[0], 'no verified backup', backups);
  if (typeof wanted === 'object') {
    const before = Date.parse(wanted.before);
    const earlier = verified.find(({ createdAt }) => Date.parse(createdAt) <= before);
    return found(earlier, `no verified backup of before ${wanted.before}`, backups);
  }
  const named = newestFirst.find(({ name }) => name === wanted || name.replace(/\.tar\.(zst|gz)$/, '') === wanted);
  return found(named, `no backup ${wanted} of this site`, backups);
}

/** The verified backup whose last drill is longest ago; one that never had any comes first, the newest of these. */
export function sampleBackup<B extends BackupRecord & Drilled>(backups: readonly B[]): Choice<B> {
  const lastDrill = ({ drills = [] }: Drilled) =>
    drills.reduce((latest, { at }) => Math.max(latest, Date.parse(at)), 0);
  const verified = backups.filter((backup) => backup.verified);
  const [sample] = [...verified].sort(
    (a, b) => lastDrill(a) - lastDrill(b) || Date.parse(b.createdAt) - Date.parse(a.createdAt),
  );
  return found(sample, 'no verified backup', backups);
}

function found<B extends BackupRecord>(chosen: B | undefined, problem: string, all: readonly B[]): Choice<B> {
  if (chosen) return { chosen };
  const names = all.map(({ name, verified }) => `${name}${verified ? '' : ' (not verified)'}`);
  return { problem: `${problem}; there ${names.length > 0 ? `are: ${names.join(', ')}` : 'is none at all'}` };
}
