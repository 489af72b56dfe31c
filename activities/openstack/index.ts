import { type Clock, systemClock } from './clock';
import { Cloud } from './cloud';
import { type Surroundings } from './cloud-files';

export { type Cloud } from './cloud';
export { findServer } from './compute/servers/find';
export {
  describeServerRunning,
  describeServerStopped,
  ensureServerRunning,
  ensureServerStopped,
  type PowerOptions,
  type PowerResult,
} from './compute/servers/power';
export { type ServerView } from './compute/servers/results';
export { findFloatingIp, type FloatingIpView } from './network/floating-ips/find';
export {
  describeFloatingIpMove,
  type FloatingIpMove,
  type FloatingIpMoved,
  moveFloatingIp,
} from './network/floating-ips/move';
export { type Description, type RenderedRequest, type Request } from './request';

export interface OpenStackOptions extends Surroundings {
  /** For each request. @default 20000 */
  readonly timeoutMs?: number;
  /** @default the system's */
  readonly clock?: Clock;
}

export interface OpenStack {
  /** The cloud of this name in `clouds.yaml`, or `envvars` for the one the variables `OS_*` describe. No I/O yet. */
  cloud(name: string): Cloud;
  /** Ends all connections; requests under way fail. */
  close(): Promise<void>;
}

/** Makes the OpenStack client: one session, one token and one pool of connections per cloud. */
export function createOpenStack({
  timeoutMs = 20_000,
  clock = systemClock,
  ...surroundings
}: OpenStackOptions): OpenStack {
  const clouds = new Map<string, Cloud>();
  return {
    cloud(name) {
      const cloud = clouds.get(name) ?? new Cloud(name, { ...surroundings, timeoutMs, clock });
      clouds.set(name, cloud);
      return cloud;
    },
    async close() {
      await Promise.all([...clouds.values()].map((cloud) => cloud.close()));
      clouds.clear();
    },
  };
}
