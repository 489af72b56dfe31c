import { act } from './contract/actions';
import { serverRunning, volumeMounted, workplaceMade, workplaceOf } from './procedures/backup-server';
import { copyStrategies } from './procedures/copy-strategies';
import { requireHealthy } from './procedures/database-stopped';
import { downtimeMs, requireProduction } from './procedures/production-down';
import { removeExpiredAside } from './procedures/data-aside';
import { tellIfLastBackupIsOld } from './procedures/last-backup';
import { runbook } from './kit/runbook';
import { planRetention } from './planners/retention';

/**
 * Takes production down for as short as its strategy can, and makes an archive of the copy that has been read back
 * before an older one goes.
 */
export const dailyBackup = runbook('daily-backup', async (ops, input) => {
  const { site, run } = ops;
  const { production, database, backup } = site;
  const strategy = input.strategy ?? backup.strategy ?? 'cold';
  const policy = { ...backup.retention, keep: input.keep ?? backup.keep };
  const workplace = workplaceOf(backup);
  const place = { host: backup.host, volume: backup.volume, directory: backup.directory };

  await ops.lock('site');

  // Nothing has been touched yet: everything that can be known to be wrong ends the run here.
  const servers = [production.up.server, production.down.server, backup.host.server?.name].filter(
    (name) => name !== undefined,
  );
  await ops.do(act.checkCloud({ cloud: site.cloud, servers, floatingIp: production.floatingIp }));
  requireProduction(site, await ops.do(act.readProduction({ production })));
  const engine = await ops.do(act.readDatabase({ database }));
  requireHealthy(database, engine);
  const known = (await ops.attempt(act.readCatalogue({ site: site.name })))?.backups ?? [];
  await tellIfLastBackupIsOld(ops, known);
  const copy = await copyStrategies[strategy](ops, workplace);

  return await ops.during(serverRunning(backup.host, site.limits), () =>
    ops.during(volumeMounted(backup), () =>
      ops.during(workplaceMade(workplace), async () => {
        await ops.do(act.checkBackupHost({ workplace, database }));

        const copied = await copy();
        const archive = await ops.job(
          act.makeArchive({
            workplace,
            directory: backup.directory,
            name: `${site.name}-${copied.asOf.replace(/[-:]|\.\d+/g, '')}`,
            facts: {
              site: site.name,
              engine: database.spec.engine,
              version: engine.version,
              standIn: engine.standIn,
              strategy,
              ...(copied.form ? { form: copied.form } : {}),
              run,
              rows: copied.rows,
              marker: copied.marker,
              productionDownAt: copied.down?.downAt ?? null,
              productionUpAt: copied.down?.upAt ?? null,
              ...(copied.down ? {} : { asOf: copied.asOf }),
              note: input.note,
            },
          }),
        );
        // Only now is it a backup.
        const proof = await ops.job(
          act.readBack({ workplace, database, directory: backup.directory, archive: archive.archive }),
        );

        const { archives } = await ops.do(act.listArchives({ place, site: site.name }));
        const retention = planRetention(archives, policy);
        const decisions = { keep: [...retention.keep], remove: [...retention.remove] };
        await ops.do(act.removeArchives({ place, remove: decisions.remove }));
        const removed = new Set(decisions.remove.map(({ name }) => name));
        const backups = archives.filter(({ name }) => !removed.has(name));
        // A cache: a backup does not fail because of it.
        await ops.attempt(act.updateCatalogue({ site: site.name, backups, decisions }));
        await removeExpiredAside(ops, known);

        return {
          archive: archive.archive,
          strategy,
          manifestSha256: archive.manifestSha256,
          bytes: archive.bytes,
          storeBytes: copied.store.bytes,
          copiedAheadBytes: copied.aheadBytes,
          copiedBytes: copied.store.copiedBytes,
          rows: copied.rows,
          ...(copied.rowsProblem === undefined ? {} : { rowsProblem: copied.rowsProblem }),
          marker: copied.marker,
          downtimeMs: copied.down ? downtimeMs(copied.down) : 0,
          durationsMs: {
            ...copied.durationsMs,
            makeArchive: archive.tookMs,
            readBack: proof.tookMs,
          },
          databaseStoppedByForce: copied.stoppedByForce,
          verifiedAt: proof.verifiedAt,
          rotated: decisions.remove,
          kept: decisions.keep,
          backups,
        };
      }),
    ),
  );
});
