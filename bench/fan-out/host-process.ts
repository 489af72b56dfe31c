import { spawn } from 'node:child_process';
import { HOST_PATH, killIfThere, type Machine } from '../../lab/hosts/machine';
import { LabNetwork } from '../../lab/hosts/network';
import { SimulatedHost } from '../../lab/hosts/simulated-host';
import { endpointOf, hostName } from './endpoints';

/** A machine that is the one it runs on: what is measured is SSH, not isolation. */
const bareMachine: Machine = {
  onLost: () => undefined,
  start: async () => undefined,
  stop: async () => undefined,
  shutDown: async () => undefined,
  spawn: ([program = '', ...words]) => spawn(program, words, { cwd: '/', detached: true, env: { PATH: HOST_PATH } }),
  signal: ({ pid }, signal) => killIfThere(-(pid ?? 0), signal),
  hostPath: (path) => path,
  fill: () => undefined,
  free: () => undefined,
};

/** The lab's SSH servers in a process of their own: one process for all hosts, as in the lab. */
async function serve(count: number, directory: string): Promise<void> {
  const network = new LabNetwork();
  const hosts = Array.from(
    { length: count },
    (_, index) =>
      // One directory: the same host key and the same authorized key everywhere.
      new SimulatedHost(
        { name: hostName(index), ...endpointOf(index), directory, bootDelayMs: 0, network },
        bareMachine,
        new Map(),
      ),
  );
  await Promise.all(hosts.map((host) => host.boot()));
  process.send?.({ hostKey: hosts[0]?.hostPublicKey() });
  const restart = async (host: SimulatedHost) => {
    await host.powerOff();
    await host.boot();
  };
  // Told when all of them listen again.
  process.on('message', () => void Promise.all(hosts.map(restart)).then(() => process.send?.({ dropped: true })));
  process.on('disconnect', () => process.exit());
}

void serve(Number(process.argv.at(-2)), process.argv.at(-1) ?? '');
