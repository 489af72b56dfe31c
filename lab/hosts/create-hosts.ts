import { spawnSync } from 'node:child_process';
import { DirectoryMachine } from './directories';
import { NamespaceMachine } from './namespaces';
import { SimulatedHost } from './simulated-host';
import { type HostSpec, type Isolation, type LabHosts } from './spec';

/** The isolation this machine's kernel allows, or the one that LAB_ISOLATION asks for. */
export function probeIsolation(): Isolation {
  const asked = process.env.LAB_ISOLATION;
  if (asked === 'namespaces' || asked === 'directories') return asked;
  if (asked) throw new Error(`LAB_ISOLATION is ${asked}; wanted namespaces or directories`);
  const probe = ['--user', '--map-root-user', '--mount', '--pid', '--uts', '--fork', '--mount-proc', 'true'];
  return spawnSync('unshare', probe, { stdio: 'ignore' }).status === 0 ? 'namespaces' : 'directories';
}

/** Makes the hosts of a lab, all powered off. Their disks are made as needed, and kept when the lab closes. */
export async function createHosts(specs: HostSpec[], isolation: Isolation = probeIsolation()): Promise<LabHosts> {
  const addresses = new Map(specs.map((spec) => [spec.name, spec.address]));
  const Machine = { namespaces: NamespaceMachine, directories: DirectoryMachine }[isolation];
  const hosts = specs.map((spec) => new SimulatedHost(spec, new Machine(spec, specs), addresses));
  return {
    isolation,
    hosts: Object.fromEntries(hosts.map((host) => [host.spec.name, host])),
    close: async () => {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
