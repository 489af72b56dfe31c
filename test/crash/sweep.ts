import { Bench } from './bench';
import { type Case, type Outcome, runCase } from './case';
import { type Moment } from './moments';
import { record } from './record';
import { type Subject, type SubjectName, subjects } from './subjects';

export interface SweepOptions {
  readonly subject: SubjectName;
  /** Labs side by side. */
  readonly labs: number;
  /** Backups before the first case, so that there are archives to rotate or to restore. */
  readonly backupsBefore: number;
  /** Chooses from the moments that were recorded. */
  readonly plan: (moments: readonly Moment[]) => readonly Case[];
  /** No case is begun after this moment (epoch ms). @default without end */
  readonly until?: number;
  readonly onOutcome: (outcome: Outcome, bench: Bench) => void;
}

export interface Swept {
  readonly moments: readonly Moment[];
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Runs cases on several labs side by side; a lab is used for one case after another, and replaced after one that failed.
 *
 * @returns the moments of the undisturbed run, and what it ran on
 * @throws what kept a lab from coming up; the labs are left to `Bench.closeAll`, as closing them makes more fail
 */
export async function sweep(options: SweepOptions): Promise<Swept> {
  const { labs, plan } = options;
  // Alone, so that the moments are those of a machine that has nothing else to do.
  const { bench, moments } = await begin(options);
  const versions = await bench.versions();
  const left = [...plan(moments)];
  const benches = [bench, ...Array.from({ length: labs - 1 }, () => null)];
  await Promise.all(benches.map((each) => work(each, left, options)));
  await Bench.closeAll();
  return { moments, versions };
}

/** @param first null: one is opened for the first case */
async function work(first: Bench | null, left: Case[], options: SweepOptions): Promise<void> {
  const { onOutcome, until = Infinity } = options;
  let bench = first;
  for (let next = left.shift(); next && Date.now() < until; next = left.shift()) {
    bench ??= (await begin(options)).bench;
    const outcome = await runCase(bench, next);
    onOutcome(outcome, bench);
    if (outcome.broken.length === 0) {
      await bench.startWorkers('runbooks', 'guard');
    } else {
      await bench.close();
      bench = null;
    }
  }
}

interface Begun {
  readonly bench: Bench;
  readonly moments: readonly Moment[];
}

async function begin({ subject: name, backupsBefore }: SweepOptions): Promise<Begun> {
  const bench = await Bench.open();
  const subject: Subject = subjects[name];
  const backup = { runbook: 'daily-backup', workflowType: 'dailyBackup', input: subject.backup } as const;
  let moments: readonly Moment[] = [];
  for (let made = 0; made < backupsBefore; made += 1) moments = await record(bench, backup);
  if (subject.runbook !== 'daily-backup') moments = await record(bench, subject);
  return { bench, moments };
}
