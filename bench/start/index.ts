import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabSite } from '../../test/support/lab-site';
import { type Bench, type Contender, type Row, type Workshop } from '../harness/bench';
import { npmStart, type Started } from './npm-start';
import { memoryBytes, processes, treeOf } from './processes';

const memory: readonly Row[] = [
  { id: 'workerMemory', what: 'memory: worker of runs', unit: 'bytes' },
  { id: 'guardMemory', what: 'memory: worker of guards', unit: 'bytes' },
  { id: 'labMemory', what: 'memory: lab, seven hosts and a database', unit: 'bytes' },
  { id: 'serverMemory', what: 'memory: Temporal server', unit: 'bytes' },
];

const rows: readonly Row[] = [
  { id: 'start', what: '`npm start` typed, to its first step', unit: 'ms', goal: { atMost: 10_000 } },
  { id: 'new', what: 'the same, with a lab to be made and filled', unit: 'ms', goal: { atMost: 10_000 } },
  { id: 'worker', what: '`runbook worker` typed, until it polls', unit: 'ms' },
  ...memory,
];

/** From nothing to a run at work, and what that takes. */
export const start: Bench = {
  name: 'start',
  shows:
    'How long it takes from `npm start`, packages, build and Temporal CLI being there already, until the first step of the daily backup begins, on a lab that has its ' +
    'data, and on one whose data is made; how long until a worker polls; and, after the backup, how much memory (proportional set size) each part holds.',
  limits:
    'Lab and Temporal server come up side by side, then two workers at once. Most of it is the start of Node.js processes, and of a database that is filled where there is ' +
    'none. A worker spends its start on loading the SDK and the bundle; its memory is mostly the sandbox.',
  cases: (quick) => [
    {
      name: quick ? 'lab of 20 MB' : 'lab of 200 MB',
      rounds: quick ? 1 : 5,
      minutes: quick ? 10 : 30,
      rows,
      prepare: (workshop) =>
        prepare(workshop, quick ? { LAB_MEGABYTES: '20', LAB_BOOT_DELAY_MS: '200' } : { LAB_MEGABYTES: '200' }),
    },
  ],
};

async function prepare(workshop: Workshop, settings: Readonly<Record<string, string>>): Promise<readonly Contender[]> {
  const canMeasure = memoryBytes(processes().filter(({ pid }) => pid === process.pid)) > 0;
  if (!canMeasure) for (const { id } of memory) workshop.leaveOut(id, 'this system has no /proc that tells');
  const turn = async () => {
    const lab = new LabSite(settings);
    workshop.onClose(() => lab.down());
    const starts = () => npmStart(lab, (end) => workshop.onClose(end));

    const first = await starts();
    await lab.ended(first.workflowId, 300);
    const typedAt = Date.now();
    const worker = await lab.worker('--only', 'runbooks');
    const workerMs = Date.now() - typedAt;
    await worker.kill('SIGTERM');
    const held = canMeasure ? await memoryOf(lab, first) : {};
    await first.interrupt();

    const second = await starts();
    await second.interrupt();
    await lab.down();
    return { start: second.firstStepMs, new: first.firstStepMs, worker: workerMs, ...held };
  };
  return [{ turn }];
}

async function memoryOf(lab: LabSite, { pid }: Started): Promise<Record<string, number>> {
  const all = processes();
  const { temporal } = await lab.status();
  const daemon = (JSON.parse(readFileSync(join(lab.directory, 'lab.json'), 'utf8')) as { pid: number }).pid;
  const workers = treeOf(all, pid);
  const worker = (part: string) => workers.filter(({ command }) => command.endsWith(`worker --only ${part}`));
  return {
    workerMemory: memoryBytes(worker('runbooks')),
    guardMemory: memoryBytes(worker('guard')),
    labMemory: memoryBytes(treeOf(all, daemon, temporal.pid)),
    serverMemory: memoryBytes(treeOf(all, temporal.pid)),
  };
}
