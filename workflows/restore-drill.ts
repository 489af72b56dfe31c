import { act } from './contract/actions';
import { type BackupRecord } from './contract/actions/archives';
import { badArchive } from './contract/actions/copy';
import { applicationFailure, fail, failureDetails } from './kit/failures';
import { runbook } from './kit/runbook';
import { chooseBackup, sampleBackup } from './planners/choose-backup';
import { serverRunning, volumeMounted, workplaceMade, workplaceOf } from './procedures/backup-server';
import { knownBackups } from './procedures/known-backups';

/**
 * Restores a backup to a scratch database on the backup server, without touching production, and measures it.
 *
 * A backup that fails is distrusted, so that rotation keeps an older good one, and raises an alarm.
 */
export const restoreDrill = runbook('restore-drill', async (ops, input) => {
  const { site, run } = ops;
  const { database, backup } = site;
  const workplace = workplaceOf(backup);
  const place = { host: backup.host, volume: backup.volume, directory: backup.directory };

  await ops.lock('site');
  const beganAt = Date.now();

  return await ops.during(serverRunning(backup.host, site.limits), () =>
    ops.during(volumeMounted(backup), () =>
      ops.during(workplaceMade(workplace), async () => {
        const backups = await knownBackups(ops);
        const choice = input.backup === 'sample' ? sampleBackup(backups) : chooseBackup(backups, input.backup);
        if ('problem' in choice)
          throw fail('NotFound', `${choice.problem}. See: runbook backups ${site.name}`, {
            target: `catalogue/${site.name}`,
          });
        const { chosen } = choice;
        const rpoMs = Math.max(0, beganAt - Date.parse(chosen.createdAt));
        const record = async (problem: string | null, rtoMs: number | null) => {
          const drill = { backup: chosen.name, at: now(), ok: problem === null, rtoMs, rpoMs, problem };
          await ops.attempt(act.recordDrill({ site: site.name, drill: { ...drill, run: run.workflowId } }));
        };

        try {
          const proof = await ops.job(
            act.readBack({ workplace, database, directory: backup.directory, archive: chosen.name }),
          );
          const rtoMs = Date.now() - beganAt;
          await record(null, rtoMs);
          return {
            backup: chosen.name,
            rows: proof.rows,
            rtoMs,
            rpoMs,
            verifiedAt: proof.verifiedAt,
            durationsMs: { readBack: proof.tookMs },
          };
        } catch (error) {
          const failure = applicationFailure(error);
          // What a host or a network did says nothing about the backup.
          if (!failure || failureDetails(error).exitCode !== badArchive) throw error;
          await ops.tell('alarm', `the drill with ${chosen.name} of ${site.name} failed: ${failure.message}`);
          await distrust(chosen, failure.message);
          await record(failure.message, null);
          throw error;
        }
      }),
    ),
  );

  async function distrust({ name }: BackupRecord, why: string): Promise<void> {
    await ops.do(act.distrustArchive({ place, name, why: why.slice(0, 500) }));
  }
});

const now = () => new Date(Date.now()).toISOString();
