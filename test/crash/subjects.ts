/** A run that blows are dealt to. */
export interface Subject {
  /** As a heading. */
  readonly title: string;
  readonly runbook: 'daily-backup' | 'restore';
  readonly workflowType: string;
  /** The one input of its runs. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The input of the backups made before, so that there are archives to rotate or to restore, and how many. */
  readonly backup: Readonly<Record<string, unknown>>;
  readonly backupsBefore: number;
}

const backupBy = (strategy: string) => ({
  title: `Backup by ${strategy}`,
  runbook: 'daily-backup' as const,
  workflowType: 'dailyBackup',
  input: { strategy },
  backup: { strategy },
  backupsBefore: 3,
});
const restore = {
  runbook: 'restore' as const,
  workflowType: 'restore',
  input: { approval: { waived: 'crash sweep' } },
  backupsBefore: 1,
};

/** What the sweep can strike, by name. */
export const subjects = {
  'daily-backup': { ...backupBy('cold'), title: 'Backup', input: {}, backup: {} },
  'daily-backup-checkpoint': backupBy('checkpoint'),
  'daily-backup-native': backupBy('native'),
  restore: { ...restore, title: 'Restore', backup: {} },
  'restore-native': { ...restore, title: 'Restore of a native backup', backup: { strategy: 'native' } },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof subjects;

export const subjectNames = Object.keys(subjects) as readonly SubjectName[];
