import { execFile, type ExecFileException } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'ssh2';
import { type Workshop } from '../harness/bench';
import { type Hosts } from './hosts';

/** The command: as trivial as a command is, and the one that ours has an action for. */
export const command = 'mountpoint -q /';
const run = promisify(execFile);
const manyLines = { maxBuffer: 64 * 2 ** 20 };

/** ssh2 and nothing else: as many connections at a time. @returns on how many hosts it succeeded */
export async function bareSsh2({ all, keyFile }: Hosts, lanes: number): Promise<number> {
  const privateKey = readFileSync(keyFile);
  const waiting = [...all];
  let done = 0;
  const lane = async () => {
    for (let host = waiting.pop(); host; host = waiting.pop()) {
      const { address, port } = host;
      const code = await new Promise<number | null>((resolve, reject) => {
        const client = new Client();
        client.on('error', reject).on('ready', () =>
          client.exec(command, (error, channel) => {
            if (error) return reject(error);
            channel.on('exit', (exitCode: number | null) => {
              client.end();
              resolve(exitCode);
            });
            channel.resume();
          }),
        );
        client.connect({ host: address, port, username: 'root', privateKey });
        client.setNoDelay(true);
      });
      if (code === 0) done += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done;
}

/** OpenSSH, a process a host. @returns on how many hosts it succeeded */
export async function openSsh({ all, keyFile, knownHostsFile }: Hosts, lanes: number): Promise<number> {
  const options = ['-F', 'none', '-i', keyFile, '-o', `UserKnownHostsFile=${knownHostsFile}`, '-o', 'BatchMode=yes'];
  const one = `ssh ${options.join(' ')} -p "$2" "root@$1" '${command}' && echo done`;
  const arguments_ = all.map(({ address, port }) => `${address} ${port}`).join('\n');
  const script = `printf '%s\\n' "$0" | xargs -P ${lanes} -L 1 sh -c "$1" sh`;
  const { stdout } = await run('sh', ['-c', script, arguments_, one], manyLines);
  return stdout.split('\n').filter((line) => line === 'done').length;
}

/** Ansible in a folder of its own. @returns does it once; null, with the reason told, where it cannot be had */
export async function ansible(
  { directory, say, version }: Workshop,
  { all, keyFile, knownHostsFile }: Hosts,
): Promise<{ readonly turn: () => Promise<number> } | { readonly why: string }> {
  const home = join(directory, 'ansible');
  say('getting ansible-core');
  try {
    await run('python3', ['-m', 'venv', home]);
    await run(join(home, 'bin', 'pip'), ['install', '--quiet', 'ansible-core'], manyLines);
  } catch (error) {
    const { stderr, message } = error as ExecFileException;
    return { why: `ansible-core cannot be had: ${(stderr || message).trim().split('\n').at(-1)}` };
  }
  const { stdout } = await run(join(home, 'bin', 'ansible'), ['--version']);
  version('Ansible', /\[?core ([\d.]+)/.exec(stdout)?.[1] ?? 'unknown');
  const inventory = join(directory, 'inventory');
  writeFileSync(
    inventory,
    all.map(({ name, address, port }) => `${name} ansible_host=${address} ansible_port=${port}\n`).join(''),
  );
  const env = {
    ...process.env,
    ANSIBLE_PIPELINING: '1',
    ANSIBLE_SSH_ARGS: `-F none -o UserKnownHostsFile=${knownHostsFile} -o ControlMaster=auto -o ControlPersist=60s`,
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_HOME: home,
    ANSIBLE_NOCOLOR: '1',
  };
  const words = ['all', '-i', inventory, '-u', 'root', '--private-key', keyFile, '-f', '50', '-m', 'command'];
  return {
    turn: async () => {
      const { stdout } = await run(join(home, 'bin', 'ansible'), [...words, '-a', command], { ...manyLines, env });
      return stdout.split('\n').filter((line) => /rc=0/.test(line)).length;
    },
  };
}
