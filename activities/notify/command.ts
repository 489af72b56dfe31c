import { spawn } from 'node:child_process';

/** Runs a program of the worker's host, without a shell, with JSON on standard input; any exit code but 0 is an error. */
export function runCommand(argv: readonly string[], input: string, signal: AbortSignal): Promise<void> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], signal, killSignal: 'SIGKILL' });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr = `${stderr}${data.toString()}`.slice(-500)));
    child.stdin.on('error', () => undefined); // it need not read what it is given
    child.stdin.end(input);
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(signal.aborted ? 'it did not end in time' : `it did not start (${error.code})`)),
    );
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const last = stderr.trim().split('\n').at(-1);
      reject(new Error(`it ended with ${code ?? 'a signal'}${last ? `: ${last}` : ''}`));
    });
  });
}
