import { act } from '../contract/actions';
import { type Site } from '../contract/resolve-site';
import { type Workplace } from '../contract/actions/copy';
import { type HostRef } from '../contract/site';
import { type Bracket } from '../kit/bracket';

/**
 * The server of a host runs and answers SSH. One found running is left running.
 *
 * @returns null for a host that is no cloud server: it is always on
 */
export function serverRunning(
  host: HostRef,
  { bootSeconds }: Site['limits'],
): Bracket<'readServer', 'startServer', 'stopServer'> | null {
  const { server } = host;
  if (!server) return null;
  const on = { ...host, server };
  return {
    title: `Server ${server.name} is running`,
    read: act.readServer({ host: on }),
    enter: ({ status }) =>
      status === 'ACTIVE'
        ? 'as found'
        : { open: act.startServer({ host: on, bootSeconds }), close: act.stopServer({ host: on }) },
  };
}

/** The backup volume is mounted. One found mounted stays mounted. */
export function volumeMounted({ host, volume }: Site['backup']): Bracket<'readVolume', 'mountVolume', 'unmountVolume'> {
  const input = { host, mountPoint: volume };
  return {
    title: `${volume} is mounted on ${host.name}`,
    read: act.readVolume(input),
    enter: ({ mounted }) => (mounted ? 'as found' : { open: act.mountVolume(input), close: act.unmountVolume(input) }),
  };
}

/** The place on the backup volume where one run works; what an earlier run left there is removed. */
export function workplaceOf({ host, directory }: Site['backup']): Workplace {
  return { host, directory: `${directory}/.work` };
}

/** The workplace exists, empty at first. It is removed also when it was found: the lock says that nobody else uses it. */
export function workplaceMade(workplace: Workplace): Bracket<'readWorkplace', 'makeWorkplace', 'removeWorkplace'> {
  return {
    title: `${workplace.directory} is in use`,
    read: act.readWorkplace({ workplace }),
    enter: () => ({ open: act.makeWorkplace({ workplace }), close: act.removeWorkplace({ workplace }) }),
  };
}
