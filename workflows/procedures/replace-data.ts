import { act, type InputOf, type OutputOf } from '../contract/actions';
import { type BackupRecord } from '../contract/actions/archives';
import { type Workplace } from '../contract/actions/copy';
import { type Site } from '../contract/resolve-site';
import { type Approval } from '../contract/approvals';
import { type Ops } from '../kit/ops';
import { fail } from '../kit/failures';
import { databaseServing } from './database-serving';
import { databaseStopped, type Stop } from './database-stopped';
import { dataSwapped } from './data-swapped';
import { workplaceMade } from './backup-server';
import { downtimeMs, isTakenDown, productionDown } from './production-down';

/** Data that can take the place of the present one. */
export interface Replacement {
  /** What was acknowledged later is not in it. */
  readonly asOf: string;
  /** What is said of it before it is touched. */
  readonly record: BackupRecord;
  /** What it must hold; null where nobody knows. */
  readonly rows: Readonly<Record<string, number>> | null;
  readonly marker: string | null;
  /** Brings it to the database host, as `store/` in this workplace. */
  stage(stage: Workplace): Promise<{ readonly tookMs: number }>;
}

export interface Replaced {
  readonly rows: Record<string, number> | null;
  readonly lost: {
    readonly since: string;
    readonly seconds: number;
    readonly rowsBefore: Record<string, number> | null;
    readonly problem: string | null;
  };
  readonly aside: string;
  readonly keptUntil: string;
  readonly downtimeMs: number | null;
  readonly foundDownBy: string | null;
  readonly approval: Approval;
  readonly databaseStoppedByForce: boolean;
  readonly applicationAnswered: boolean | null;
  readonly stageMs: number;
}

const applicationSeconds = 60;

/**
 * Puts data in the place of a site's present data, once a person has agreed to what would be lost.
 *
 * Until the new data is proved (it starts, holds its rows, the application answers), whatever ends the run puts the old
 * data back and starts the database on it; from then on nothing goes back by itself, since visitors have written.
 */
export async function replaceData(ops: Ops, replacement: Replacement, waived: string | undefined): Promise<Replaced> {
  const { site, run } = ops;
  const { production, database } = site;
  const times = { downAt: '', upAt: '' };
  const stop: Stop = { forced: false, at: null };

  const { record } = replacement;

  const { beside } = await ops.do(act.checkRestoreTarget({ database, archive: factsOf(record) }));
  const found = await ops.do(act.readProduction({ production }));
  const present = await ops.do(act.readRows({ database, marker: null }));
  const approval = await ops.ask({
    question: `Put ${record.name} in the place of the present data of ${site.name}?`,
    details: whatIsLost(site, record, present, Date.now()),
    expiresSeconds: site.restore.approvalHours * 3600,
    waived,
  });

  const startedAt = new Date(Date.now());
  const aside = `${site.name}-aside-${startedAt.toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const keptUntil = new Date(startedAt.getTime() + site.restore.keepAsideDays * 86_400_000).toISOString();
  const facts = {
    site: site.name,
    run: run.workflowId,
    restored: record.name,
    createdAt: startedAt.toISOString(),
    keptUntil,
  };
  const stage = { host: database.host, directory: `${beside}/stage` };
  const anyhow = { found: 'any', limitSeconds: site.restore.maxDowntimeSeconds } as const;

  const replaced = await ops.during(
    productionDown(site, `restore of ${record.name}, run ${run.workflowId}`, times, anyhow),
    async (bringUp) => {
      // Nobody writes any more: this is what will be missing.
      const before = await ops.do(act.readRows({ database, marker: null }));
      const proved = await ops.during(workplaceMade(stage), async () => {
        const staged = await replacement.stage(stage);
        return await ops.during(databaseStopped(database, stop, { found: 'any' }), () =>
          ops.during(
            dataSwapped({ database, beside, aside, stage: stage.directory, facts: { ...facts, rows: before.rows } }),
            (keepNew) =>
              ops.during(databaseServing(database), async (keepServing) => {
                const now = await ops.do(act.readRows({ database, marker: replacement.marker }));
                requireRows(site, replacement, now);
                const applicationAnswered = await applicationAnswers(ops);
                await keepNew(act.keepAside({ database, beside, aside }));
                await keepServing(act.startDatabase({ database }));
                await bringUp(act.bringProductionUp({ production }));
                return { rows: now.rows, applicationAnswered, stageMs: staged.tookMs };
              }),
          ),
        );
      });
      return { ...proved, before };
    },
  );

  const { before, ...proved } = replaced;
  const stays = isTakenDown(site, found);
  return {
    ...proved,
    lost: {
      since: replacement.asOf,
      seconds: secondsBetween(replacement.asOf, times.downAt || startedAt.toISOString()),
      rowsBefore: before.rows,
      problem: before.problem,
    },
    aside,
    keptUntil,
    downtimeMs: stays ? null : downtimeMs(times),
    foundDownBy: stays ? found.note : null,
    approval,
    databaseStoppedByForce: stop.forced,
  };
}

/** Where the site file does not say how the application is reached inside, nobody looks: null. */
async function applicationAnswers(ops: Ops): Promise<boolean | null> {
  const { production, database } = ops.site;
  const { check, status, title } = production.up;
  if (check === undefined) return null;
  const wanted = { database, check, status, title, withinSeconds: applicationSeconds };
  return (await ops.do(act.checkApplication(wanted))).answered;
}

function requireRows(
  { database }: Site,
  { record: { name }, rows, marker }: Replacement,
  now: Pick<OutputOf<'readRows'>, 'rows' | 'hasMarker' | 'problem'>,
): void {
  const details = { target: `database/${database.host.name}` };
  const back = 'The old data is put back; nothing was lost';
  for (const [table, count] of Object.entries(rows ?? {})) {
    const found = now.rows?.[table];
    if (found !== count)
      throw fail(
        'ResourceFailed',
        `table ${table} has ${found ?? `no rows that can be counted (${now.problem ?? 'no such table'})`}${found === undefined ? '' : ' rows'} ` +
          `after restoring ${name}, wanted ${count}. ${back}`,
        details,
      );
  }
  if (marker !== null && now.hasMarker !== true)
    throw fail(
      'ResourceFailed',
      `the marker row ${marker} is not in what was restored from ${name}${now.problem ? ` (${now.problem})` : ''}. ${back}`,
      details,
    );
}

function factsOf({ engine, version, standIn, storeBytes }: BackupRecord): InputOf<'checkRestoreTarget'>['archive'] {
  return {
    engine,
    ...(version === undefined ? {} : { version }),
    ...(standIn === undefined ? {} : { standIn }),
    ...(storeBytes === undefined ? {} : { storeBytes }),
  };
}

/** For the person who decides: lines of what would be gone. */
function whatIsLost(
  { restore, name }: Site,
  { asOf, createdAt, rows }: BackupRecord,
  present: Pick<OutputOf<'readRows'>, 'rows' | 'problem'>,
  now: number,
): string[] {
  const tables = [...new Set([...Object.keys(present.rows ?? {}), ...Object.keys(rows ?? {})])].sort();
  const count = (of: Readonly<Record<string, number>> | null, table: string) => of?.[table] ?? '?';
  const since = asOf ?? createdAt;
  return [
    `Everything written to ${name} since ${since} would be gone: ${duration(now - Date.parse(since))}`,
    ...(present.rows === null
      ? [`The present data cannot be counted: ${present.problem ?? 'no answer'}`]
      : tables.map((table) => `${table}: ${count(present.rows, table)} rows now, ${count(rows, table)} in the backup`)),
    `The present data is moved aside and kept for ${restore.keepAsideDays} days`,
  ];
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
}
