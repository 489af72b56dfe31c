/** A runbook that blows are dealt to. */
export interface Subject {
  readonly workflowType: string;
  /** The one input of its runs. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Backups made before, so that there are archives to rotate or to restore. */
  readonly backupsBefore: number;
}

/** The runbooks that the sweep knows, by name. */
export const subjects = {
  'daily-backup': { workflowType: 'dailyBackup', input: {}, backupsBefore: 3 },
  restore: { workflowType: 'restore', input: { approval: { waived: 'crash sweep' } }, backupsBefore: 1 },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof subjects;

export const subjectNames = Object.keys(subjects) as readonly SubjectName[];
