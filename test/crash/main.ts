import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commitOf } from '../../bench/harness/machine';
import { Bench } from './bench';
import { type BlowName, blowNames } from './blows';
import { type Dealt, type Outcome } from './case';
import { Journal } from './journal';
import { type Moment, momentText } from './moments';
import { casesOf } from './plan';
import { type SubjectName, subjectNames, subjects } from './subjects';
import { sweep } from './sweep';
import { writeTable } from './table';

const root = join(__dirname, '..', '..');
const kept = join(root, 'build', 'crash-sweep');

const usage = `node bin/crash-sweep.js: blows at every moment of a run, on labs of its own
  --subject <name>  ${subjectNames.join(', ')} (default daily-backup)
  --blow <name>     only this kind of blow; may be repeated. There are: ${blowNames.join(', ')}
  --moment <n>      only this moment of the list; may be repeated
  --activity <name> only moments of this activity; may be repeated
  --all             every blow at every moment; else most of them while an activity runs
  --sample <n>      so many cases, of every kind of blow
  --seed <n>        decides the order, the sample, and how far an activity has come
  --minutes <n>     begins no case after so many; what is left out is for --resume, or another seed
  --labs <n>        labs side by side (default 4)
  --list            print the moments and end
  --resume          leave out what has been dealt on this commit with this subject and seed, and count it
  --write           write docs/crash-sweep.md though it is a part only`;

const { values } = parseArgs({
  options: {
    subject: { type: 'string', default: 'daily-backup' },
    blow: { type: 'string', multiple: true },
    moment: { type: 'string', multiple: true },
    activity: { type: 'string', multiple: true },
    all: { type: 'boolean', default: false },
    sample: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string' },
    labs: { type: 'string', default: '4' },
    list: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const no = (known: readonly string[], names: readonly string[]) => names.find((name) => !known.includes(name));
  const unknown = no(subjectNames, [values.subject]) ?? no(blowNames, values.blow ?? []);
  if (values.help || unknown !== undefined) {
    console.log(unknown === undefined ? usage : `no ${unknown}\n${usage}`);
    process.exitCode = unknown === undefined ? 0 : 2;
    return;
  }
  const subject = values.subject as SubjectName;
  const seed = Number(values.seed);
  const startedAt = Date.now();
  const journal = Journal.open(kept, subject, seed, commitOf(root), values.resume);
  const outcomes: Dealt[] = [];
  let planned = 0;
  const labs = Number(values.labs);
  const { moments, versions } = await sweep({
    subject,
    labs,
    backupsBefore: subjects[subject].backupsBefore,
    until: values.minutes === undefined ? undefined : startedAt + Number(values.minutes) * 60_000,
    plan: (recorded) => {
      if (values.list) return list(recorded);
      const cases = casesOf(recorded, {
        subject,
        seed,
        all: values.all,
        blows: values.blow as BlowName[] | undefined,
        activities: values.activity,
        moments: values.moment?.map(Number),
        sample: values.sample === undefined ? undefined : Number(values.sample),
      });
      planned = cases.length;
      const { dealt, left } = journal.split(cases);
      outcomes.push(...dealt);
      const before = dealt.length > 0 ? `, ${dealt.length} of them dealt before` : '';
      console.log(`${recorded.length} moments, ${planned} cases${before}, seed ${seed}`);
      return left;
    },
    onOutcome: (outcome, bench) => {
      // Its lab was closed under it.
      if (ending) return;
      outcomes.push(outcome);
      journal.add(outcome);
      console.log(line(outcome, `${outcomes.length}/${planned}`));
      if (outcome.broken.length > 0) explain(outcome, bench);
    },
  });
  if (values.list) return;
  const failed = outcomes.filter(({ broken }) => broken.length > 0).length;
  const tookMs = journal.elapsedMs;
  const whole = !values.blow && !values.moment && !values.activity && !values.sample;
  if (whole || values.write) {
    const words = process.argv.slice(2);
    const page = { subject, outcomes, planned, moments, seed, tookMs, labs, whole, words, versions };
    writeTable(join(root, 'docs', 'crash-sweep.md'), page);
  }
  if (outcomes.length < planned) console.log(`\n${planned - outcomes.length} cases left out: out of time`);
  console.log(`\n${outcomes.length - failed} passed, ${failed} failed, ${Math.round(tookMs / 1000)} s, seed ${seed}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function list(moments: readonly Moment[]): [] {
  for (const moment of moments) console.log(`${String(moment.id).padStart(4)}  ${momentText(moment)}`);
  return [];
}

function line({ blow, moment, broken, tookMs, downtimeMs, asFoundMs, status }: Dealt, count: string): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const times = `${seconds(tookMs)}, down ${seconds(downtimeMs)}, as found after ${seconds(asFoundMs)}`;
  const mark = broken.length > 0 ? 'FAILED' : 'ok    ';
  return `${mark} ${count} ${blow} #${moment.id} ${momentText(moment)}: ${status ?? 'no report'} (${times})`;
}

/** What failed, how to see it again, and everything that was seen. */
function explain(outcome: Outcome, bench: Bench): void {
  const { subject, blow, moment, seed, broken } = outcome;
  mkdirSync(kept, { recursive: true });
  const file = join(kept, `${subject}-${blow}-${moment.id}.json`);
  const workers = { runbooks: bench.said('runbooks'), guard: bench.said('guard') };
  writeFileSync(file, JSON.stringify({ ...outcome, workers }, null, 2));
  for (const sentence of broken) console.log(`       ${sentence}`);
  console.log(
    `       node bin/crash-sweep.js --subject ${subject} --blow ${blow} --moment ${moment.id} --seed ${seed}   (report: ${file})`,
  );
}

let ending = false;

/** Labs and their servers would outlive this process. */
function endWith(exitCode: number): void {
  ending = true;
  void Bench.closeAll().finally(() => process.exit(exitCode));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => endWith(130));

// A call that waits for its next try when its lab is closed throws past everybody who could catch it.
process.on('uncaughtException', (error) => {
  console.error(error);
  endWith(3);
});

void main().catch((error: unknown) => {
  console.error(error);
  endWith(3);
});
