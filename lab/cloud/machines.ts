import { Refusal } from './refusal';
import { now, type ActionRecord, type ServerRecord, type TaskState, type VmState } from './state';
import { type Store } from './store';
import { type Waits } from './waits';

/** The lab's hosts, by server name. */
export interface Hypervisor {
  /** Resolves when the machine is up as far as it will come by itself. */
  boot(server: string): Promise<void>;
  /** Asks the machine to end; resolves when it is off. */
  shutDown(server: string): Promise<void>;
  /** Pulls the plug. */
  powerOff(server: string): Promise<void>;
}

/** How long things take, in milliseconds. */
export interface Delays {
  /** Until a machine built anew is ACTIVE: a hard reboot. */
  spawnMs: number;
  /** Until a machine has been powered on or off, as nova shows it; floating IPs settle in that time too. */
  powerMs: number;
  /** Every request. */
  apiMs: number;
}

/** How long a guest has to shut down before the plug is pulled, as in nova. */
const SHUTDOWN_MS = 60_000;
const CONSOLE_LINES = 200;
const ACTIONS_KEPT = 50;

class NoValidHost extends Error {}

/**
 * What nova-compute does with the servers. One task at a time on a server; each ends in a state, also over a restart of the
 * lab: what was under way is then begun again.
 */
export class Machines {
  private readonly failingStarts = new Set<string>();
  private readonly failingStops = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly hypervisor: Hypervisor,
    private readonly waits: Waits,
    private readonly delays: Delays,
  ) {
    for (const server of store.state.servers) {
      const [latest] = server.actions;
      if (server.taskState && latest) void this.carryOut(server, server.taskState, latest);
    }
  }

  start(server: ServerRecord, requestId: string): void {
    this.admit(server, 'start', ['stopped']);
    this.begin(server, 'powering-on', 'start', requestId);
  }

  stop(server: ServerRecord, requestId: string): void {
    this.admit(server, 'stop', ['active']);
    this.begin(server, 'powering-off', 'stop', requestId);
  }

  softReboot(server: ServerRecord, requestId: string): void {
    this.admit(server, 'reboot', ['active']);
    this.begin(server, 'rebooting', 'reboot', requestId);
  }

  hardReboot(server: ServerRecord, requestId: string): void {
    this.admit(server, 'reboot', ['active', 'stopped']);
    this.begin(server, 'rebooting_hard', 'reboot', requestId);
  }

  /** @throws Refusal 409 if the server has no host. */
  requireHost(server: ServerRecord): void {
    if (server.vmState === 'error') throw new Refusal(409, `Instance ${server.id} is not ready`);
  }

  lock(server: ServerRecord, locked: boolean, reason: string | null, requestId: string): void {
    server.locked = locked;
    server.lockedReason = reason;
    const at = now();
    const action = locked ? 'lock' : 'unlock';
    this.record(server, { action, requestId, startedAt: at, finishedAt: at, result: 'Success' });
    this.store.accepted();
  }

  /**
   * The machine was switched on or off behind nova's back. Nova's regular comparison skips a server that is busy; one found
   * running that should not be it would switch off again, here the status follows.
   */
  reportPower(name: string, power: 'on' | 'off'): void {
    const server = this.store.serverNamed(name);
    if (server.taskState || server.vmState === 'error') return;
    this.settle(server, power === 'on' ? 'active' : 'stopped');
  }

  /** The next start ends in ERROR; a server that is running is in ERROR now, and its machine off. */
  failServer(name: string): void {
    const server = this.store.serverNamed(name);
    if (server.vmState === 'stopped' && !server.taskState) {
      this.failingStarts.add(name);
      return;
    }
    const [latest] = server.actions;
    if (latest && latest.result === null) this.close(latest, 'Error');
    this.toError(server);
    this.hypervisor.powerOff(name).catch((error: unknown) => this.say(server, `power off failed: ${String(error)}`));
  }

  /** The next stop is accepted, and leaves the server running. */
  failStop(name: string): void {
    this.failingStops.add(this.store.serverNamed(name).name);
  }

  /** Ends the faults: servers in ERROR are put back to SHUTOFF, as an administrator would. */
  repair(): void {
    this.failingStarts.clear();
    this.failingStops.clear();
    for (const server of this.store.state.servers.filter(({ vmState }) => vmState === 'error')) {
      server.fault = null;
      this.settle(server, 'stopped');
    }
  }

  /** In nova's own order: the lock, the host, the state, the task. */
  private admit(server: ServerRecord, action: string, allowed: readonly VmState[]): void {
    if (server.locked) throw new Refusal(409, `Instance ${server.id} is locked`);
    this.requireHost(server);
    const cannot = `Cannot '${action}' instance ${server.id} while it is in`;
    if (!allowed.includes(server.vmState)) throw new Refusal(409, `${cannot} vm_state ${server.vmState}`);
    if (server.taskState) throw new Refusal(409, `${cannot} task_state ${server.taskState}`);
  }

  private begin(server: ServerRecord, task: TaskState, action: ActionRecord['action'], requestId: string): void {
    const record: ActionRecord = { action, requestId, startedAt: now(), finishedAt: null, result: null };
    this.record(server, record);
    this.setTask(server, task);
    this.store.accepted();
    void this.carryOut(server, task, record);
  }

  /** Never rejects. A server that was put to ERROR meanwhile stays there. */
  private async carryOut(server: ServerRecord, task: TaskState, action: ActionRecord): Promise<void> {
    const before = server.vmState;
    try {
      const reached = await this.work(server, task);
      if (action.result !== null) return;
      this.close(action, 'Success');
      this.settle(server, reached);
    } catch (error) {
      if (action.result !== null) return;
      this.close(action, 'Error');
      if (error instanceof NoValidHost) this.toError(server);
      else this.settle(server, before);
    }
  }

  private async work(server: ServerRecord, task: TaskState): Promise<VmState> {
    const { powerMs, spawnMs } = this.delays;
    switch (task) {
      case 'powering-on':
        if (this.failingStarts.delete(server.name)) {
          await this.waits.for(powerMs);
          throw new NoValidHost();
        }
        await this.boot(server, powerMs);
        return 'active';
      case 'powering-off':
        if (this.failingStops.delete(server.name)) {
          await this.waits.for(powerMs);
          throw new Error('the hypervisor could not stop it');
        }
        await Promise.all([this.shutDown(server), this.waits.for(powerMs)]);
        return 'stopped';
      case 'rebooting':
      case 'reboot_started':
        await this.waits.for(powerMs / 4);
        this.setTask(server, 'reboot_started');
        await this.shutDown(server);
        await this.boot(server, powerMs);
        return 'active';
      case 'rebooting_hard':
      case 'reboot_started_hard':
        await this.waits.for(powerMs / 4);
        this.setTask(server, 'reboot_started_hard');
        await this.hypervisor.powerOff(server.name);
        await this.boot(server, spawnMs);
        return 'active';
    }
  }

  /** Started is not up: resolves after `ms`, however long the machine goes on booting. Rejects if it fails within that time. */
  private async boot(server: ServerRecord, ms: number): Promise<void> {
    this.say(server, `Linux version 6.1.0-lab (${server.name})`);
    const booted = this.hypervisor.boot(server.name);
    booted.then(
      () => this.say(server, `${server.name} login: `),
      (error: unknown) => this.say(server, `boot failed: ${String(error)}`),
    );
    await Promise.race([this.waits.for(ms), booted.then(() => this.waits.for(ms))]);
  }

  private async shutDown(server: ServerRecord): Promise<void> {
    const ended = this.hypervisor.shutDown(server.name).then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([ended, this.waits.for(SHUTDOWN_MS).then(() => false)]))) {
      await this.hypervisor.powerOff(server.name);
    }
    this.say(server, 'systemd-shutdown: Powering off.');
  }

  private setTask(server: ServerRecord, task: TaskState): void {
    server.taskState = task;
    this.store.touch(server);
    this.store.save();
  }

  private settle(server: ServerRecord, vmState: VmState): void {
    if (server.vmState === vmState && server.taskState === null) return;
    server.vmState = vmState;
    server.taskState = null;
    this.store.touch(server);
    this.store.save();
  }

  private toError(server: ServerRecord): void {
    server.fault = { message: 'No valid host was found. There are not enough hosts available.', at: now() };
    this.settle(server, 'error');
  }

  private close(action: ActionRecord, result: 'Success' | 'Error'): void {
    action.result = result;
    action.finishedAt = now();
  }

  private record(server: ServerRecord, action: ActionRecord): void {
    server.actions = [action, ...server.actions].slice(0, ACTIONS_KEPT);
  }

  private say(server: ServerRecord, line: string): void {
    const stamp = (performance.now() / 1000).toFixed(6).padStart(12);
    server.console = [...server.console, `[${stamp}] ${line}`].slice(-CONSOLE_LINES);
    this.store.save();
  }
}
