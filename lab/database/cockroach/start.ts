import { spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CommandFailure } from './failure';
import { parseAddress, parseFlags } from './flags';
import { keepRunning } from './keeper';
import { serve } from './server';

const INSECURE_WARNING = `*
* WARNING: RUNNING IN INSECURE MODE!
*
`;

/** Flags of the real program that change nothing here. */
const IGNORED = [
  ...['advertise-addr', 'advertise-sql-addr', 'sql-addr', 'advertise-http-addr', 'attrs', 'cache', 'clock-device'],
  ...['http-port', 'listening-url-file', 'locality', 'log', 'log-dir', 'max-disk-temp-storage'],
  ...['max-offset', 'max-sql-memory', 'temp-dir', 'vmodule', 'socket-dir'],
];

/** What a background server tells the command that started it. */
type Verdict = { ready: true } | { failure: string };

/**
 * `cockroach start-single-node`: serves a store until SIGTERM (exit 0) or SIGINT (exit 1).
 *
 * With `--background` returns when clients are served; the server runs on in a session of its own.
 */
export async function startSingleNode(argv: readonly string[]): Promise<void> {
  const { values } = parseFlags(argv, {
    ...Object.fromEntries(IGNORED.map((flag) => [flag, { type: 'string' } as const])),
    insecure: { type: 'boolean' },
    background: { type: 'boolean' },
    store: { type: 'string', short: 's', default: 'cockroach-data' },
    'listen-addr': { type: 'string', default: '127.0.0.1:26257' },
    'http-addr': { type: 'string', default: '127.0.0.1:8080' },
    'pid-file': { type: 'string' },
    'external-io-dir': { type: 'string' },
  });
  process.stderr.write(INSECURE_WARNING);
  const store = path.resolve(/(?:^|,)path=([^,]*)/.exec(values.store)?.[1] ?? values.store);
  const foreground = argv.filter((argument) => argument !== '--background');
  if (values.background) return startInBackground(foreground, store);

  showAs(`cockroach start-single-node ${foreground.join(' ')}`);
  keepRunning(foreground);
  const ending = await serve({
    store,
    listen: parseAddress(values['listen-addr'], 26257),
    http: parseAddress(values['http-addr'], 8080),
    pidFile: values['pid-file'],
    external: externalDirectory(values['external-io-dir'], store),
    onReady: () => tell({ ready: true }),
  }).catch((error: unknown) => {
    tell({ failure: (error as Error).message });
    throw error;
  });
  if (ending === 'interrupted') throw new CommandFailure('interrupted');
}

function externalDirectory(flag: string | undefined, store: string): string | undefined {
  return flag === 'disabled' ? undefined : path.resolve(flag ?? path.join(store, 'extern'));
}

/** Appears in process lists as the real program does: command line and name. */
function showAs(commandLine: string): void {
  process.title = commandLine;
  if (process.platform === 'linux') writeFileSync('/proc/self/comm', 'cockroach');
}

function tell(verdict: Verdict): void {
  if (!process.send) return;
  process.send(verdict);
  process.disconnect();
}

async function startInBackground(argv: readonly string[], store: string): Promise<void> {
  mkdirSync(path.join(store, 'logs'), { recursive: true });
  const log = openSync(path.join(store, 'logs/cockroach.log'), 'a');
  const server = spawn(process.execPath, [__dirname, 'start-single-node', ...argv], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  const verdict = await new Promise<Verdict>((resolve) => {
    server.once('message', (message) => resolve(message as Verdict));
    server.once('exit', (code, signal) => resolve({ failure: `exit status ${code ?? signal}` }));
  });
  if ('failure' in verdict) throw new CommandFailure(verdict.failure);
  server.unref();
}
