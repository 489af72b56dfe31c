import { act } from './contract/actions';
import { type RunbookInput, type RunbookResult } from './contract/runbooks';
import { type Ops } from './kit/ops';
import { fail } from './kit/failures';
import { runbook } from './kit/runbook';
import { type Choice, chooseBackup } from './planners/choose-backup';
import { serverRunning, volumeMounted, workplaceMade, workplaceOf } from './procedures/backup-server';
import { catalogueAside } from './procedures/data-aside';
import { knownBackups } from './procedures/known-backups';
import { pullAuthorized } from './procedures/pull-authorized';
import { replaceData, type Replaced } from './procedures/replace-data';

type Input = RunbookInput<'restore'>;
type Result = RunbookResult<'restore'>;

/**
 * Puts a backup in the place of the present data, which is moved aside: `backup: aside:<name>` brings it back.
 *
 * The backup is verified while production still serves, and a person has agreed, before anything of it is touched.
 */
export const restore = runbook('restore', async (ops, input) => {
  await ops.lock('site');
  const aside = typeof input.backup === 'string' ? /^aside:(.+)$/.exec(input.backup)?.[1] : undefined;
  return aside === undefined ? await fromArchive(ops, input) : await fromAside(ops, aside, input);
});

async function fromArchive(ops: Ops, input: Input): Promise<Result> {
  const { cloud, production, database, backup, limits, name: site } = ops.site;
  const { directory } = backup;
  const workplace = workplaceOf(backup);
  const pull = { workplace, database, name: 'restore', way: 'back' as const };
  const servers = [production.up.server, production.down.server, backup.host.server?.name].filter(
    (name) => name !== undefined,
  );

  await ops.do(act.checkCloud({ cloud, servers, floatingIp: production.floatingIp }));
  return await ops.during(serverRunning(backup.host, limits), () =>
    ops.during(volumeMounted(backup), () =>
      ops.during(workplaceMade(workplace), async () => {
        const chosen = orRefuse(chooseBackup(await knownBackups(ops), input.backup), site);
        const archive = chosen.name;

        if (input.target === 'scratch') {
          const proof = await ops.job(act.readBack({ workplace, database, directory, archive }));
          return proved(archive, proof.rows, proof.tookMs);
        }

        const unpacked = await ops.job(act.unpackArchive({ workplace, directory, archive, site }));
        const replaced = await replaceData(
          ops,
          {
            record: chosen,
            asOf: unpacked.asOf,
            rows: unpacked.rows,
            marker: unpacked.marker,
            stage: (stage) => ops.during(pullAuthorized(pull), () => ops.job(act.fetchStore({ pull, stage }))),
          },
          input.approval?.waived,
        );
        await catalogueAside(ops);
        return resultOf(archive, replaced, { unpack: unpacked.tookMs });
      }),
    ),
  );
}

/** Undoes a restore: the data that it moved aside serves again. */
async function fromAside(ops: Ops, aside: string, { target, approval }: Input): Promise<Result> {
  const { database, name: site } = ops.site;
  if (target === 'scratch')
    throw fail('InvalidInput', 'data moved aside is only restored in place: leave target out, or name an archive');

  const listed = await ops.do(act.listAside({ database, site }));
  const chosen = orRefuse(chooseBackup(listed.aside, aside), site);
  if (chosen.bytes === 0)
    throw fail('PreconditionFailed', `nothing was moved aside as ${chosen.name}: there was no data then`, {
      target: `store/${database.host.name}`,
    });
  const kept = { database, beside: listed.beside, aside: chosen.name };
  const replaced = await replaceData(
    ops,
    {
      record: chosen,
      asOf: chosen.createdAt,
      rows: chosen.rows,
      marker: null,
      stage: (stage) => ops.job(act.copyAside({ ...kept, stage })),
    },
    approval?.waived,
  );
  await catalogueAside(ops);
  return resultOf(chosen.name, replaced, {});
}

function orRefuse<B>(choice: Choice<B>, site: string): B {
  if ('chosen' in choice) return choice.chosen;
  throw fail('NotFound', `${choice.problem}. See: runbook backups ${site}`, { target: `catalogue/${site}` });
}

function proved(backup: string, rows: Result['rows'], readBackMs: number): Result {
  return {
    backup,
    target: 'scratch',
    rows,
    lost: null,
    movedAside: null,
    keptUntil: null,
    downtimeMs: null,
    foundDownBy: null,
    approved: 'not asked: production was not touched',
    databaseStoppedByForce: false,
    applicationAnswered: null,
    durationsMs: { readBack: readBackMs },
  };
}

function resultOf(backup: string, replaced: Replaced, durationsMs: Result['durationsMs']): Result {
  const { approval, aside, stageMs, ...result } = replaced;
  return {
    ...result,
    backup,
    target: 'production',
    movedAside: aside,
    approved: approval.answer === 'waived' ? `waived: ${approval.why}` : `approved by ${approval.who}`,
    durationsMs: { ...durationsMs, stage: stageMs },
  };
}
