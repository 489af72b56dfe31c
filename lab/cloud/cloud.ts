import { type Server } from 'node:http';
import { compute } from './compute';
import { ApiFaults, type ApiFault } from './faults';
import { FloatingIps } from './floating-ips';
import { identity } from './identity';
import { Machines, type Delays, type Hypervisor } from './machines';
import { network } from './network';
import { statusOf } from './server-view';
import { listen, serve, type Service } from './service';
import { initialState, type CloudState, type Inventory, type ServiceName } from './state';
import { Store } from './store';
import { TokenCheck, Tokens } from './tokens';
import { volume } from './volume';
import { Waits } from './waits';

export { type ApiFault } from './faults';
export { type Delays, type Hypervisor } from './machines';
export { type CloudState, type ServiceName } from './state';

/** What the cloud is to be. The inventory counts only where there is no state. */
export interface CloudOptions extends Inventory {
  /** All services listen here. */
  address: string;
  /** 0 is any free port. */
  ports: Record<ServiceName, number>;
  project: string;
  user: string;
  password: string;
  delays: Delays;
  tokenLifetimeMs: number;
  hypervisor: Hypervisor;
  /** Called when the move takes effect; null is an address that is nowhere. Where it is at first: `floatingIp()`. */
  onFloatingIpMoved(address: string, server: string | null): void;
  /** What an earlier cloud remembered: ids, power, floating IPs. Tasks that were under way are begun again. */
  state?: CloudState;
  /** Called with a copy after each change. */
  onStateChanged?(state: CloudState): void;
}

/** A running cloud. It starts no machine by itself: what is ACTIVE is what the lab has to power on first. */
export interface Cloud {
  /** The identity service, `.../v3`: all a client needs. */
  readonly url: string;
  close(): Promise<void>;
  servers(): Record<string, { status: string; taskState: string | null }>;
  floatingIp(address: string): { address: string; at: string | null; description: string };
  /** State-changing requests accepted so far, logins not counted. */
  changes(): number;
  /** A machine was switched on or off without nova: its status follows, unless nova is busy with it. */
  reportPower(server: string, power: 'on' | 'off'): void;

  /** The server's next start ends in ERROR with a fault; one that is running is in ERROR now, its machine off. */
  serverError(server: string): void;
  /** The next stop is answered 202; later the server is ACTIVE still, with a failed instance action. */
  stopFails(server: string): void;
  /** Every request to the service meets the fault. Replaces the one before. A delayed request is carried out, whoever waits. */
  api(service: ServiceName, fault: ApiFault): void;
  /** Every token is refused from now on, by every service. */
  expireTokens(): void;
  /** Tokens the old password gave are refused from now on. */
  setPassword(password: string): void;
  /** Ends all faults: servers in ERROR become SHUTOFF, the password is the original one. */
  clearFaults(): void;
}

/** Starts the four services. @throws Error when an address cannot be listened on, or the inventory names an unknown server. */
export async function createCloud(options: CloudOptions): Promise<Cloud> {
  const store = new Store(options.state ?? initialState(options), (state) => options.onStateChanged?.(state));
  const { faults, waits } = { faults: new ApiFaults(), waits: new Waits() };
  const tokens = new Tokens(options.tokenLifetimeMs);
  const account = { project: options.project, user: options.user, password: options.password };

  const { address, ports, delays } = options;
  const listeners = await listenAll(address, ports);
  const urls = {
    identity: listeners.identity.url,
    compute: listeners.compute.url,
    network: listeners.network.url,
    volume: listeners.volume.url,
  };
  const url = `${urls.identity}/v3`;

  const machines = new Machines(store, options.hypervisor, waits, delays);
  const floatingIps = new FloatingIps(store, waits, delays.powerMs, (moved, server) => {
    options.onFloatingIpMoved(moved, server);
  });
  const check = (): TokenCheck => new TokenCheck(tokens, faults, url);
  const services: Service[] = [
    identity(account, tokens, store, urls),
    compute(store, machines, faults, check(), urls),
    network(store, floatingIps, check(), urls),
    volume(store, check(), urls),
  ];
  for (const service of services) {
    serve(listeners[service.name].server, service, { faults, waits, apiMs: delays.apiMs });
  }
  store.save();

  return {
    url,
    async close() {
      waits.close();
      await Promise.all(Object.values(listeners).map(({ server }) => stop(server)));
    },
    servers: () =>
      Object.fromEntries(
        store.state.servers.map((server) => [server.name, { status: statusOf(server), taskState: server.taskState }]),
      ),
    floatingIp(wanted) {
      const { portId, description } = store.floatingIpAt(wanted);
      return { address: wanted, at: store.serverOfPort(portId)?.name ?? null, description };
    },
    changes: () => store.changes,
    reportPower: (server, power) => machines.reportPower(server, power),
    serverError: (server) => machines.failServer(server),
    stopFails: (server) => machines.failStop(server),
    api: (service, fault) => faults.set(service, fault),
    expireTokens: () => tokens.forgetAll(),
    setPassword(password) {
      account.password = password;
      tokens.forgetAll();
    },
    clearFaults() {
      faults.clear();
      machines.repair();
      account.password = options.password;
    },
  };
}

type Listener = Awaited<ReturnType<typeof listen>>;

/** All four, or none. */
async function listenAll(address: string, ports: CloudOptions['ports']): Promise<Record<ServiceName, Listener>> {
  const begun: Listener[] = [];
  const next = async (port: number): Promise<Listener> => {
    const listener = await listen(address, port);
    begun.push(listener);
    return listener;
  };
  try {
    return {
      identity: await next(ports.identity),
      compute: await next(ports.compute),
      network: await next(ports.network),
      volume: await next(ports.volume),
    };
  } catch (error) {
    await Promise.all(begun.map(({ server }) => stop(server)));
    throw error;
  }
}

const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
