import { type ServerChannel, type Session } from 'ssh2';
import { type Permission } from './authorized-keys';
import { type Machine } from './machine';

interface Terminal {
  readonly columns: number;
  readonly rows: number;
  readonly type: string;
}

/** Serves one session channel: a command or a shell, with or without a terminal. There are no subsystems (no SFTP). */
export function serveSession(session: Session, machine: Machine, permission: Permission, sshConnection: string): void {
  const env: Record<string, string> = { SSH_CONNECTION: sshConnection };
  let terminal: Terminal | undefined;
  let signal: (name: NodeJS.Signals) => void = () => undefined;

  session.on('env', (accept, _reject, { key, val }) => {
    if (/^(LANG|LC_\w+)$/.test(key)) env[key] = val;
    accept?.();
  });
  session.on('pty', (accept, reject, info) => {
    if (!permission.pty) return reject?.();
    terminal = { columns: info.cols, rows: info.rows, type: (info as { term?: string }).term ?? 'xterm' };
    accept?.();
  });
  session.on('signal', (accept, _reject, { name }) => {
    signal(`SIG${name}` as NodeJS.Signals);
    accept?.();
  });

  const run = (channel: ServerChannel, asked?: string) => {
    if (asked !== undefined && permission.command !== undefined) env.SSH_ORIGINAL_COMMAND = asked;
    signal = serveCommand(channel, machine, permission.command ?? asked, env, terminal);
  };
  session.on('exec', (accept, _reject, { command }) => run(accept(), command));
  session.on('shell', (accept) => run(accept()));
}

/** @returns what sends a signal to the command */
function serveCommand(
  channel: ServerChannel,
  machine: Machine,
  command: string | undefined,
  env: Record<string, string>,
  terminal: Terminal | undefined,
): (name: NodeJS.Signals) => void {
  const child = terminal
    ? machine.spawn(inTerminal(command ?? 'bash', terminal), { ...env, TERM: terminal.type })
    : machine.spawn(command === undefined ? ['bash'] : ['bash', '-c', command], env);
  let ended = false;

  child.stdin.on('error', () => undefined); // the command may end before it read everything
  channel.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('error', () => channel.close());
  // As under sshd: over when nothing holds its output any more, a background process that kept it included.
  child.on('close', (code, signalName) => {
    ended = true;
    if (code !== null) channel.exit(code);
    else if (signalName) channel.exit(signalName.replace(/^SIG/, ''), false, '');
    channel.end();
  });
  // The client is gone. What it started goes on; only a terminal's processes are told, and writing fails from now on.
  channel.on('close', () => {
    if (ended) return;
    if (terminal) machine.signal(child, 'SIGHUP');
    child.stdin.end();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  return (name) => {
    if (!ended) machine.signal(child, name);
  };
}

/** util-linux's `script` gives a command a terminal; its size is set once, later changes are lost. */
function inTerminal(command: string, { columns, rows }: Terminal): string[] {
  return ['script', '-qefc', `stty cols ${columns} rows ${rows} 2>/dev/null; ${command}`, '/dev/null'];
}
