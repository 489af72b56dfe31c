import { join } from 'node:path';
import { type LabSite } from '../../test/support/lab-site';
import { noReflinkDisk, reflinkDisk } from '../../test/support/reflink-disk';
import { type Strategy, strategy } from '../../workflows/contract/site';
import { type Bench, type Case, type Contender, type Goal, type Row, type Workshop } from '../harness/bench';
import { activitiesOf } from '../support/history';
import { useLab } from '../support/lab';
import { scriptsFor } from './by-hand';
import { type Part, partNames, parts, partsOf } from './parts';
import { seenOf } from './seen';

const strategies = strategy.options;

/**
 * Whoever copies ahead: a twentieth of the old way where there is a gigabyte or more; below it both have little to do.
 * The others are flat: see how they compare from size to size.
 */
const goals = (name: Strategy, megabytes: number): readonly Goal[] => [
  { to: 'old', ...(name === 'cold' && megabytes >= 1000 ? { atMost: 0.05 } : {}) },
  { to: 'floor' },
];
const partText = (part: Part) => (part === 'between' ? 'between the steps' : parts[part].what);

const rowsFor = (megabytes: number, among: readonly Strategy[]): readonly Row[] => [
  ...among.flatMap((name): Row[] => [
    { id: name, what: `${name}: production not served`, unit: 'ms', goal: goals(name, megabytes) },
    ...partNames.map((part): Row => ({ id: `${name} ${part}`, what: `  ${partText(part)}`, unit: 'ms', partOf: name })),
  ]),
  { id: 'old', what: 'old: the old scripts', unit: 'ms' },
  { id: 'floor', what: 'floor: address moved, database stopped, started, moved back', unit: 'ms' },
];

/** How long a backup takes production down. */
export const downtime: Bench = {
  name: 'downtime',
  shows:
    'How long a visitor is not served by production while a backup is made: the daily backup with each strategy, beside the procedure of the old scripts ' +
    '(`bench/downtime/old-backup.sh`) on the same lab, and beside the floor of whoever stops the database (`floor.sh`). Below each strategy, where its time went.',
  limits:
    'The old way copies, compresses and ships the whole store while production is down, so it grows with it. *cold* copies what has changed since the copy ahead; *checkpoint* ' +
    'and *reflink* copy next to nothing; both still stop the database, and their floor is that stop and start and two moves of the address. *native* does not stop it at all. ' +
    'Rows are counted once production serves again, as of when the database was stopped. ' +
    'What *checkpoint* copies here are the thousand small files of the stand-in: a real store has few that are no tables. ' +
    'A visitor comes some 20 ms apart, so that a downtime is known to that.',
  cases: (quick) => [
    ...(quick ? [20] : [200, 1000, 5000]).map((megabytes) => ({
      name: megabytes < 1000 ? `${megabytes} MB` : `${megabytes / 1000} GB`,
      rounds: quick ? 1 : megabytes > 1000 ? 2 : 3,
      minutes: quick ? 15 : 30 + megabytes / 25,
      rows: rowsFor(megabytes, strategies),
      prepare: (workshop: Workshop) => prepare(workshop, strategies, settingsFor(megabytes, quick ? 200 : 2000)),
    })),
    ...(quick ? [] : [onSharingDisk(1000)]),
  ],
};

/** Most disks cannot share the bytes of files: one that can, in a file of this machine. */
function onSharingDisk(megabytes: number): Case {
  const among = ['checkpoint', 'reflink'] as const;
  return {
    name: `${megabytes / 1000} GB on XFS`,
    rounds: 3,
    minutes: 60,
    rows: rowsFor(megabytes, among),
    prepare: async (workshop) => {
      const why = noReflinkDisk();
      if (why !== null) {
        for (const id of [...among, 'old', 'floor']) workshop.leaveOut(id, why);
        return [];
      }
      const disk = reflinkDisk(megabytes * 12);
      workshop.onClose(() => disk.remove());
      return await prepare(workshop, among, {
        ...settingsFor(megabytes, 2000),
        RUNBOOK_LAB: join(disk.directory, 'lab'),
      });
    },
  };
}

const settingsFor = (megabytes: number, bootMs: number): Record<string, string> => ({
  LAB_MEGABYTES: String(megabytes),
  LAB_VISITS_PER_SECOND: '50',
  LAB_BOOT_DELAY_MS: String(bootMs),
});

async function prepare(
  workshop: Workshop,
  among: readonly Strategy[],
  settings: Readonly<Record<string, string>>,
): Promise<readonly Contender[]> {
  const lab = await useLab(workshop, settings);
  const client = await lab.client();
  workshop.onClose(() => client.connection.close());
  await Promise.all([lab.worker('--only', 'runbooks'), lab.worker('--only', 'guard')]);
  const script = await scriptsFor(lab);

  const backup = (name: string): Contender => ({
    turn: async () => {
      let workflowId = '';
      const seen = await seenOf(lab, async () => {
        workflowId = await lab.startBackup('--set', `strategy=${name}`, '--set', 'keep=1');
        await client.workflow.getHandle(workflowId).result();
      });
      const split = partsOf(seen, await activitiesOf(client.workflow.getHandle(workflowId)));
      return { [name]: seen.ms, ...Object.fromEntries(partNames.map((part) => [`${name} ${part}`, split[part]])) };
    },
  });
  const byHand = (id: 'old' | 'floor'): Contender => ({
    turn: async () => ({ [id]: (await seenOf(lab, () => script(id === 'old' ? 'old-backup' : 'floor'))).ms }),
  });

  const reasons = await Promise.all(among.map((name) => whyNot(lab, name)));
  const possible = among.filter((name, index) => {
    const why = reasons[index] ?? null;
    if (why !== null) workshop.leaveOut(name, why);
    return why === null;
  });
  return [...possible.map(backup), byHand('old'), byHand('floor')];
}

/** Null if the strategy is possible here: a plan knows. */
async function whyNot(lab: LabSite, name: string): Promise<string | null> {
  const { exitCode, stderr } = await lab.run('plan', 'daily-backup', '--set', `strategy=${name}`);
  if (exitCode === 0) return null;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return /is not possible on \S+: (.*); nothing was touched/.exec(said)?.[1] ?? said;
}
