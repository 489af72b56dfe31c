import { type Action, act } from '../../workflows/contract/actions';
import { type Site } from '../../workflows/contract/resolve-site';
import { workplaceOf } from '../../workflows/procedures/backup-server';

/** One action of the scenario, by whom it is asked for. */
export interface Step {
  readonly action: Action;
  /** The operation key. @default one of its own */
  readonly key?: string;
  /** The fencing number. @default none */
  readonly fence?: number;
  /** Goes on once the job runs, without waiting for its end. */
  readonly leave?: true;
  /** @default 20 000 */
  readonly withinMs?: number;
}

type Part = (site: Site) => readonly Step[];

const steps = (...actions: readonly Action[]): readonly Step[] => actions.map((action) => ({ action }));

function partsOf(site: Site) {
  const { production, database, backup, limits } = site;
  const host = { ...backup.host, server: backup.host.server! };
  const workplace = workplaceOf(backup);
  const pull = { workplace, database, name: 'model' };
  const volume = { host, mountPoint: backup.volume };
  const place = { host, volume: backup.volume, directory: backup.directory };
  return {
    readServer: act.readServer({ host }),
    startServer: act.startServer({ host, bootSeconds: limits.bootSeconds }),
    stopServer: act.stopServer({ host }),
    readHost: act.readHost({ host }),
    readVolume: act.readVolume(volume),
    mountVolume: act.mountVolume(volume),
    unmountVolume: act.unmountVolume(volume),
    checkBackupHost: act.checkBackupHost({ workplace, database }),
    readWorkplace: act.readWorkplace({ workplace }),
    makeWorkplace: act.makeWorkplace({ workplace }),
    removeWorkplace: act.removeWorkplace({ workplace }),
    readPull: act.readPull({ pull }),
    authorizePull: act.authorizePull({ pull }),
    revokePull: act.revokePull({ pull }),
    copyAhead: act.copyAhead({ pull }),
    copyStore: act.copyStore({ pull }),
    removeArchives: act.removeArchives({ place, remove: [{ name: 'none.tar.zst', why: 'it is old' }] }),
    removeNothing: act.removeArchives({ place, remove: [] }),
    distrustArchive: act.distrustArchive({ place, name: 'none.tar.zst', why: 'a drill failed' }),
    listArchives: act.listArchives({ place, site: site.name }),
    readProduction: act.readProduction({ production }),
    takeProductionDown: act.takeProductionDown({ production, note: 'by one' }),
    takeProductionDownAgain: act.takeProductionDown({ production, note: 'by another' }),
    bringProductionUp: act.bringProductionUp({ production }),
    readDatabase: act.readDatabase({ database }),
    countRows: act.countRows({ database }),
    writeMarker: act.writeMarker({ database }),
    stopDatabase: act.stopDatabase({ database, withinSeconds: limits.databaseStopSeconds }),
    startDatabase: act.startDatabase({ database }),
    stopJob: (key: string) => act.stopJob({ host, key, title: key, graceSeconds: 5 }),
  };
}

/** A backup server that is off, and one that is got ready. */
export const preparations: Part = (site) => {
  const on = partsOf(site);
  return [
    ...steps(on.readServer, on.readHost, on.readVolume, on.mountVolume, on.unmountVolume),
    ...steps(on.readWorkplace, on.makeWorkplace, on.removeWorkplace, on.checkBackupHost, on.listArchives),
    ...steps(
      on.distrustArchive,
      on.removeArchives,
      on.removeNothing,
      on.readPull,
      on.authorizePull,
      on.revokePull,
      on.stopJob('off'),
    ),
    { action: on.copyAhead, key: 'off' },
    ...steps(on.startServer, on.startServer, on.readServer, on.readHost, on.stopJob('off')),
    // Without its volume. How much is free there then depends on how the lab isolates its hosts.
    ...steps(on.readVolume, on.readWorkplace, on.removeWorkplace, on.listArchives, on.removeArchives, on.unmountVolume),
    ...steps(on.distrustArchive),
    ...steps(on.makeWorkplace, on.authorizePull, on.readPull, on.revokePull, on.revokePull),
    ...steps(on.mountVolume, on.mountVolume, on.readVolume, on.readWorkplace),
    ...steps(on.makeWorkplace, on.makeWorkplace, on.readWorkplace, on.checkBackupHost),
    ...steps(on.readPull, on.authorizePull, on.readPull, on.authorizePull),
  ];
};

/** Hosts that are on and do not answer. */
export const silence: Part = (site) => {
  const on = partsOf(site);
  return [
    ...steps(on.readServer, on.readHost, on.readVolume, on.mountVolume, on.unmountVolume),
    ...steps(on.readWorkplace, on.makeWorkplace, on.removeWorkplace, on.checkBackupHost, on.listArchives),
    ...steps(on.readPull, on.authorizePull, on.revokePull, on.copyAhead, on.stopJob('silent')),
    ...steps(on.readDatabase, on.countRows, on.writeMarker, on.stopDatabase, on.startDatabase),
    // It is taken to boot until the time is over.
    { action: on.startServer, withinMs: 1_500 },
  ];
};

/** Jobs that are stopped, fenced off, or end with their host; the last runs on. Needs a slow network. */
export const interruptedJobs: Part = (site) => {
  const on = partsOf(site);
  return [
    { action: on.copyAhead, key: 'stopped', fence: 10, leave: true },
    { action: on.stopJob('stopped'), fence: 9 },
    { action: on.stopJob('stopped'), fence: 10 },
    { action: on.stopJob('stopped'), fence: 10 },
    { action: on.copyAhead, key: 'stopped', fence: 10 },
    { action: on.stopJob('early'), fence: 10 },
    { action: on.copyAhead, key: 'early', fence: 10 },
    { action: on.copyAhead, key: 'fenced-off', fence: 11, leave: true },
    { action: on.copyAhead, key: 'too-late', fence: 10 },
    { action: on.copyAhead, key: 'shut-down', fence: 12, leave: true },
    { action: on.copyAhead, key: 'fenced-off', fence: 11 },
    { action: on.stopServer },
    { action: on.stopJob('shut-down'), fence: 12 },
    { action: on.copyAhead, key: 'shut-down', fence: 12 },
    { action: on.startServer },
    { action: on.readVolume },
    { action: on.copyAhead, key: 'shut-down', fence: 12 },
    { action: on.stopJob('shut-down'), fence: 12 },
    { action: on.mountVolume },
    { action: on.readWorkplace },
    { action: on.copyAhead, key: 'power-cut', fence: 12, leave: true },
  ];
};

/** The power of the backup host has failed and come back while a job ran. */
export const afterPowerCut: Part = (site) => {
  const on = partsOf(site);
  return [
    { action: on.readServer },
    { action: on.readVolume },
    { action: on.copyAhead, key: 'power-cut', fence: 12 },
    { action: on.stopJob('power-cut'), fence: 12 },
  ];
};

/** Production goes down, the copy is made, and everything is as it was. */
export const backup: Part = (site) => {
  const on = partsOf(site);
  return [
    ...steps(on.mountVolume, on.readWorkplace, on.makeWorkplace, on.readProduction),
    ...steps(on.bringProductionUp, on.takeProductionDown, on.takeProductionDownAgain, on.readProduction),
    ...steps(on.readDatabase, on.countRows, on.writeMarker, on.startDatabase, on.stopDatabase, on.stopDatabase),
    ...steps(on.readDatabase, on.countRows, on.writeMarker),
    { action: on.copyStore, key: 'copy', fence: 13 },
    { action: on.copyStore, key: 'copy', fence: 13 },
    { action: on.stopJob('copy'), fence: 13 },
    { action: on.copyStore, key: 'copy', fence: 13 },
    { action: on.bringProductionUp, withinMs: 5_500 },
    { action: on.readProduction },
    ...steps(on.startDatabase, on.startDatabase, on.readDatabase, on.bringProductionUp),
    ...steps(on.bringProductionUp, on.readProduction, on.listArchives, on.removeArchives),
    ...steps(on.distrustArchive),
    ...steps(on.revokePull, on.revokePull, on.readPull, on.removeWorkplace, on.removeWorkplace),
    ...steps(on.unmountVolume, on.unmountVolume, on.readVolume),
    ...steps(on.stopServer, on.stopServer, on.readServer, on.readVolume, on.unmountVolume),
  ];
};
