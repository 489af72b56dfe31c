import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newHostKey } from '../../lab/hosts/host-key';
import { projectRoot } from '../../workers/project';
import { type Workshop } from '../harness/bench';
import { endpointOf, hostName } from './endpoints';

/** Many hosts that answer SSH, and what it takes to log in. */
export interface Hosts {
  readonly all: readonly { readonly name: string; readonly address: string; readonly port: number }[];
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** Cuts every connection, so that the next contender begins cold. */
  drop(): Promise<void>;
}

/** Brings up so many hosts, in a process beside this one. */
export async function useHosts(workshop: Workshop, count: number): Promise<Hosts> {
  const { directory } = workshop;
  const [keyFile, knownHostsFile] = [join(directory, 'id_ed25519'), join(directory, 'known_hosts')];
  const key = newHostKey();
  writeFileSync(keyFile, key.private, { mode: 0o600 });
  mkdirSync(join(directory, 'root', '.ssh'), { recursive: true });
  writeFileSync(join(directory, 'root', '.ssh', 'authorized_keys'), `${key.public}\n`);
  const [loader, file] = [join(projectRoot, 'bin', 'typescript.js'), require.resolve('./host-process')];
  const program = `require(${JSON.stringify(loader)}).requireTypeScript(${JSON.stringify(projectRoot)}); require(${JSON.stringify(file)})`;
  const child = spawn(process.execPath, ['-e', program, String(count), directory], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  workshop.onClose(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the process of the hosts has ended; the reason stands above');
  });
  ended.catch(() => undefined);
  const [{ hostKey }] = (await Promise.race([once(child, 'message'), ended])) as [{ hostKey: string }];
  const all = Array.from({ length: count }, (_, index) => ({ name: hostName(index), ...endpointOf(index) }));
  appendFileSync(knownHostsFile, all.map(({ address, port }) => `[${address}]:${port} ${hostKey}\n`).join(''));
  return {
    all,
    keyFile,
    knownHostsFile,
    drop: async () => {
      child.send('drop');
      await Promise.race([once(child, 'message'), ended]);
    },
  };
}
