import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DYNAMIC_CONFIG } from '../../lab/temporal';
import { searchAttributes } from '../../workflows/contract/runbooks';

// Plain JavaScript that runs before anything is built.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { find } = require('../../bin/setup/temporal') as { find: () => string | null };

/** A Temporal dev server of the test's own, on free ports, with its state in a file so that it can be killed. */
export interface TemporalServer {
  readonly address: string;
  readonly client: Client;
  /** SIGKILL; nothing is lost. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startTemporal(): Promise<TemporalServer> {
  const binary = find();
  if (!binary) throw new Error('there is no Temporal CLI: run `node bin/prepare.js` first');
  const directory = mkdtempSync(join(tmpdir(), 'temporal-'));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const attributes = Object.entries(searchAttributes).map(
    ([name, type]) => `${name}=${type === 'BOOL' ? 'Bool' : 'Keyword'}`,
  );
  let server: ChildProcess | null = null;

  const start = async () => {
    server = spawn(
      binary,
      [
        ...['server', 'start-dev', '--headless', '--port', String(port), '--db-filename', join(directory, 'db')],
        ...['--sqlite-pragma', 'journal_mode=WAL', '--log-level', 'error'],
        ...attributes.flatMap((attribute) => ['--search-attribute', attribute]),
        ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
      ],
      { stdio: 'ignore' },
    );
    await untilAnswers(address);
  };
  const kill = async () => {
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server?.kill('SIGKILL');
    await ended;
  };
  await start();
  const connection = await Connection.connect({ address });
  return {
    address,
    client: new Client({ connection }),
    start,
    kill,
    close: async () => {
      await connection.close();
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = probe.address();
        probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
      });
  });
}

async function untilAnswers(address: string): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      await connection.workflowService.getSystemInfo({});
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      await connection.close();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    }
  }
}

/** Polls until the look gives something. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  seconds = 20,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(60);
  }
}
